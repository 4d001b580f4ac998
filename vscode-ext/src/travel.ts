/** Going to a position, and waiting for the program to be there. */
import type * as vscode from 'vscode';
import type { Session, Sessions } from './session';

/**
 * Goes to a position, until the program has stopped there. The response alone doesn't tell: the program is on its way
 * then, and nothing can be asked of it.
 */
export async function travel(sessions: Sessions, session: Session, icount: number): Promise<void> {
  const listening: vscode.Disposable[] = [];
  // The stop may be heard of before the response is: listen first.
  const arrived = new Promise<void>((done) => {
    listening.push(
      sessions.onDidMove((stop) => {
        if (stop.session === session) {
          done();
        }
      }),
      sessions.onDidEnd((ended) => {
        if (ended === session) {
          done();
        }
      }),
    );
  });
  try {
    await session.seek(icount);
    await arrived;
  } finally {
    for (const each of listening) {
      each.dispose();
    }
  }
}
