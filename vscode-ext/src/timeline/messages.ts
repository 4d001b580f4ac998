/** What the Timeline view's page and the extension say to each other. */
import type { Position, Timeline } from '../protocol';

/** What the page can ask for; each is answered once, in any order. */
export interface Requests {
  timeline: { arguments: { from?: number; to?: number; buckets: number }; result: Timeline };
  /** Answered when the program has stopped there. `focused`: whoever asked works with the keyboard, and goes on with it here. */
  seek: { arguments: { icount: number; focused: boolean }; result: undefined };
  addBookmark: { arguments: { icount?: number }; result: undefined };
  /** The name is asked for by the extension. */
  renameBookmark: { arguments: { id: number }; result: undefined };
  removeBookmark: { arguments: { id: number }; result: undefined };
  findHits: { arguments: Record<string, never>; result: undefined };
}

export type RequestName = keyof Requests;

/** From the page. */
export type FromPage =
  | { readonly type: 'ready' }
  | {
      [Name in RequestName]: {
        readonly type: 'request';
        readonly id: number;
        readonly name: Name;
        /** As a `state` message named it: what was wished in one history must not be done in another. */
        readonly session: string;
        readonly arguments: Requests[Name]['arguments'];
      };
    }[RequestName];

/** What the session is doing. `idle`: there is none. */
export type Activity = 'idle' | 'running' | 'stopped';

/** To the page. */
export type ToPage =
  | {
      readonly type: 'state';
      /** Tells one history from another, such as those of two sessions: what is known of another history is dropped. */
      readonly session: string;
      readonly activity: Activity;
      readonly position?: Position;
    }
  /** Something of the history changed without a stop. */
  | { readonly type: 'changed' }
  | { readonly type: 'response'; readonly id: number; readonly result?: unknown; readonly error?: string };
