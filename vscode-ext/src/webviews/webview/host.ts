/** The page's end of the line to the extension. */

/** What VS Code puts into a webview's global scope. */
interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

interface Waiting {
  readonly done: (result: unknown) => void;
  readonly failed: (error: Error) => void;
}

/** Requests that are answered, messages that come, and a state that outlives the page. */
export class Host {
  // May be had only once in the life of a page.
  private readonly api = acquireVsCodeApi();
  private readonly waiting = new Map<number, Waiting>();
  // Not from 0 on: what an earlier page of the same view asked for may be answered to this one.
  private last = Math.floor(Math.random() * 2 ** 40);

  /** `receive` gets every message that is not an answer. */
  constructor(receive: (message: unknown) => void) {
    // Messages come from the extension alone: VS Code's own frame passes on nothing else.
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (!this.answered(event.data)) {
        receive(event.data);
      }
    });
  }

  send(message: unknown): void {
    this.api.postMessage(message);
  }

  /**
   * Sends a request; its promise is rejected with what the extension says went wrong. `session` says which one is
   * meant, where the page shows one after the other.
   */
  request(name: string, args: unknown, session = ''): Promise<unknown> {
    const id = ++this.last;
    return new Promise((done, failed) => {
      this.waiting.set(id, { done, failed });
      this.api.postMessage({ type: 'request', id, name, session, arguments: args });
    });
  }

  get state(): unknown {
    return this.api.getState();
  }

  set state(state: unknown) {
    this.api.setState(state);
  }

  private answered(message: unknown): boolean {
    const answer = message as { type?: unknown; id?: unknown; result?: unknown; error?: unknown } | null;
    if (answer?.type !== 'response' || typeof answer.id !== 'number') {
      return false;
    }
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (typeof answer.error === 'string') {
      waiting?.failed(new Error(answer.error));
    } else {
      waiting?.done(answer.result);
    }
    return true;
  }
}
