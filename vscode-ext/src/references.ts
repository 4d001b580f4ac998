/** Reads the names that VS Code gives to sources, frames and threads. Pure. */

import type { Source } from './protocol';

/** An address, as far as it is looked at. */
export interface Address {
  scheme: string;
  path: string;
  query: string;
  fsPath: string;
  toString(skipEncoding?: boolean): string;
}

/** The source that an editor's address stands for. */
export function sourceOf(uri: Address): Source {
  if (uri.scheme === 'file') return { path: uri.fsPath };
  if (uri.scheme === 'debug') {
    // Sources that the adapter sends, such as those of recordings.
    const ref = Number(new URLSearchParams(uri.query).get('ref'));
    const name = uri.path.split('/').pop() ?? '';
    return { name, path: uri.path, ...(Number.isInteger(ref) && ref > 0 ? { sourceReference: ref } : {}) };
  }
  return { path: uri.toString(true) };
}

/** Whether a source of the adapter's is what an editor shows. */
export function shows(uri: Address, source: Source): boolean {
  const shown = sourceOf(uri);
  if (source.sourceReference !== undefined && source.sourceReference > 0) return shown.sourceReference === source.sourceReference;
  return source.path !== undefined && shown.sourceReference === undefined && shown.path === source.path;
}

/**
 * Reads the name of a frame in the call stack's menu,
 * `stackframe:thread:SESSION:THREAD:LEVEL:NAME`.
 */
export function parseFrameId(id: string): { thread: number; level: number } | undefined {
  const m = /^stackframe:(?:thread:[^:]*:)?(\d+):(\d+)(?::|$)/.exec(id);
  return m ? { thread: Number(m[1]), level: Number(m[2]) } : undefined;
}

/** The position in the address of an output link, `SCHEME:/ICOUNT/NAME`. */
export function momentOf(path: string): number | undefined {
  const m = /^\/?(\d{1,16})(?:\/|$)/.exec(path);
  return m ? Number(m[1]) : undefined;
}
