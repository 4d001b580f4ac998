/** Whether two answers are about the same data. Pure. */
import type { ValueHistory } from '../protocol';

/**
 * Whether a later answer goes on with an earlier one: the same bytes, since the same moment. A local variable of
 * another call can lie at the same address, but its history begins elsewhere.
 */
export function continues(earlier: ValueHistory, later: ValueHistory): boolean {
  return earlier.address === later.address && earlier.size === later.size && earlier.from === later.from;
}
