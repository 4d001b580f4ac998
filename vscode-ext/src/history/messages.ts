/** What a value history's page and the extension say to each other. */
import type { Position, Source, ValueHistory } from '../protocol';

/** What the page can ask for; each is answered once. */
export interface Requests {
  /** Answered when the program has stopped there. */
  seek: { icount: number };
  /** More of the writes; the new history comes as a message. */
  more: Record<string, never>;
  copy: { text: string };
  save: { text: string };
  /** Shows a place in the editor. */
  open: { source: Source; line: number };
}

export type RequestName = keyof Requests;

export type FromPage =
  | { readonly type: 'ready' }
  | {
      [Name in RequestName]: {
        readonly type: 'request';
        readonly id: number;
        readonly name: Name;
        readonly arguments: Requests[Name];
      };
    }[RequestName];

export type ToPage =
  | {
      readonly type: 'history';
      readonly history: ValueHistory;
      /** More can be asked for, if it is incomplete. */
      readonly more: boolean;
      /** Why it does not go up to the present, for a person. */
      readonly note: string;
    }
  | {
      readonly type: 'state';
      readonly activity: 'ended' | 'running' | 'stopped';
      readonly position?: Position;
    }
  | { readonly type: 'response'; readonly id: number; readonly result?: unknown; readonly error?: string };
