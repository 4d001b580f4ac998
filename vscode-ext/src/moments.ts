/**
 * From output to the moment it was printed: links in the debug console, and a list of
 * the program's lines.
 *
 * The console shows, at the right end of a line of output, a link to the source that the
 * adapter names. With the launch argument `momentUri` that is an address of our own, which
 * has the position in it: what opens is not shown, but gone to. Addresses have a secret of this window in them: of a
 * link in a document, or an editor that was open in an earlier window, nothing moves.
 */

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { momentScheme } from './configuration';
import { count, label } from './format';
import { momentOf } from './references';
import type { Session, Sessions } from './session';

/** As many lines as a list is still quick with. */
const listed = 5000;

const secret = randomBytes(12).toString('hex');

/** The launch argument `momentUri` of this window's sessions. */
export const momentUri = `${momentScheme}://${secret}`;

/** Goes where links in the debug console lead. */
export function registerMoments(sessions: Sessions, report: (e: unknown) => void): vscode.Disposable {
  // What links are being followed: of one tab, several events tell.
  const followed = new Set<string>();
  const go = async (tab: vscode.Tab, uri: vscode.Uri): Promise<void> => {
    const link = uri.toString();
    if (followed.has(link)) return;
    followed.add(link);
    try {
      const icount = momentOf(uri.path);
      await vscode.window.tabGroups.close(tab, true);
      const session = sessions.active;
      if (icount === undefined || !session) return;
      if (session.ended || !session.stopped) {
        report(new Error('The program is running: pause it first, then go to the moment.'));
        return;
      }
      await session.seek(icount);
    } finally {
      followed.delete(link);
    }
  };
  const look = (tabs: readonly vscode.Tab[]): void => {
    for (const tab of tabs) {
      if (tab.input instanceof vscode.TabInputText && isOurs(tab.input.uri)) go(tab, tab.input.uri).catch(report);
    }
  };
  return vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(momentScheme, {
      provideTextDocumentContent: (uri) =>
        isOurs(uri) ? `Going to position ${momentOf(uri.path) ?? '?'}…\n` : 'This is a moment of a program that is not debugged any more.\n',
    }),
    vscode.window.tabGroups.onDidChangeTabs((e) => {
      look(e.opened);
      look(e.changed); // a preview that shows another document now
    }),
  );
}

function isOurs(uri: vscode.Uri): boolean {
  return uri.scheme === momentScheme && uri.authority === secret;
}

type Item = vscode.QuickPickItem & { icount?: number };

/** The command "Go to the Moment It Was Printed…". */
export async function goToOutput(session: Session): Promise<void> {
  const lines = session.output.filter((l) => l.text.trim() !== '').slice(-listed);
  if (lines.length === 0 && !session.can('revexec/outputMoment')) {
    void vscode.window.showInformationMessage('The program has not printed anything yet.');
    return;
  }
  const here = session.position?.icount ?? 0;
  const items: Item[] = lines
    .map((l) => ({
      label: label(l.text),
      description: `${l.stream === 'stderr' ? 'stderr · ' : ''}${count(l.icount)}${l.icount > here ? ' · ahead' : ''}`,
      icount: l.icount,
    }))
    .reverse();
  const pick = vscode.window.createQuickPick<Item>();
  pick.title = 'Go to the moment it was printed';
  pick.placeholder = items.length > 0 ? 'Choose a line of output, the newest first, or type a part of one' : 'Type a part of what was printed';
  pick.items = items;
  const chosen = await new Promise<{ icount: number } | { text: string } | undefined>((resolve) => {
    pick.onDidAccept(() => {
      const icount = pick.selectedItems[0]?.icount;
      resolve(icount !== undefined ? { icount } : pick.value.trim() !== '' ? { text: pick.value } : undefined);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
  if (!chosen) return;
  if ('icount' in chosen) await session.seek(chosen.icount);
  else await session.seek((await session.request('revexec/outputMoment', { text: chosen.text })).icount);
}
