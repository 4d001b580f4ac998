/** Which events a list shows when there are too many. Pure. */
import type { Kind, Thing } from './model';

/** How many a person can go through, and a page builds at once. */
export const mostListed = 250;

/** What is left out first: what there is most of and says least. */
const expendable: readonly (readonly Kind[])[] = [['output'], ['input'], ['thread', 'threadEnd'], ['signal', 'exec']];

export interface Listed {
  readonly things: readonly Thing[];
  /** The kinds left out, and how many of them there are. */
  readonly left: readonly (readonly [Kind, number])[];
}

/** At most [mostListed] of the things, in their order. Whole kinds are left out before any part of one. */
export function listed(all: readonly Thing[]): Listed {
  let things = all;
  const left: [Kind, number][] = [];
  for (const kinds of expendable) {
    if (things.length <= mostListed) {
      break;
    }
    for (const kind of kinds) {
      leave(
        left,
        things.filter((thing) => thing.kind === kind),
      );
    }
    things = things.filter((thing) => !kinds.includes(thing.kind));
  }
  if (things.length > mostListed) {
    leave(left, things.slice(mostListed));
    things = things.slice(0, mostListed);
  }
  return { things, left };
}

function leave(left: [Kind, number][], things: readonly Thing[]): void {
  for (const thing of things) {
    const counted = left.find(([kind]) => kind === thing.kind);
    if (counted === undefined) {
      left.push([thing.kind, thing.count]);
    } else {
      counted[1] += thing.count;
    }
  }
}
