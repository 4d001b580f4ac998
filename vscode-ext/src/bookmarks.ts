/** Bookmarks: moments that the user wants to come back to. The debugger keeps them. */

import * as vscode from 'vscode';
import { count, label } from './format';
import type { Bookmark } from './protocol';
import { shows } from './references';
import type { Session, Sessions } from './session';

/** The bookmarks of the active session, and their marks beside the lines. */
export class Bookmarks implements vscode.Disposable {
  private all: readonly Bookmark[] = [];
  /** The history that they are of. */
  private of: string | undefined;
  /** They could not be asked for yet. */
  private stale = false;
  /** Counts the questions: only the answer to the last one holds. */
  private asked = 0;
  private readonly mark: vscode.TextEditorDecorationType;
  private readonly disposables: { dispose(): unknown }[];

  constructor(
    context: vscode.ExtensionContext,
    private readonly sessions: Sessions,
  ) {
    const icon = (theme: string): vscode.Uri => vscode.Uri.joinPath(context.extensionUri, 'resources', 'icons', theme, 'bookmark.svg');
    this.mark = vscode.window.createTextEditorDecorationType({
      gutterIconSize: 'contain',
      light: { gutterIconPath: icon('light') },
      dark: { gutterIconPath: icon('dark') },
      overviewRulerColor: new vscode.ThemeColor('charts.blue'),
      overviewRulerLane: vscode.OverviewRulerLane.Center,
    });
    const refresh = (): void => {
      void this.refresh();
    };
    this.disposables = [
      this.mark,
      sessions.onDidChangeTimeline(({ what }) => {
        if (what.includes('bookmarks')) refresh();
      }),
      sessions.onDidMove(() => {
        if (this.stale) refresh();
      }),
      sessions.onDidChangeActive(refresh),
      sessions.onDidEnd(refresh),
      vscode.window.onDidChangeVisibleTextEditors(() => {
        this.decorate();
      }),
    ];
  }

  dispose(): void {
    for (const d of this.disposables) d.dispose();
  }

  /** Asks for the bookmarks anew. */
  async refresh(): Promise<void> {
    const session = this.sessions.active;
    const asked = ++this.asked;
    const of = session?.history;
    // Those of another session are not shown in the meantime.
    let all = of === this.of ? this.all : [];
    this.stale = false;
    if (!session || session.ended) {
      all = [];
    } else if (!session.stopped) {
      this.stale = true;
    } else if (session.can('revexec/bookmarks')) {
      try {
        all = (await session.request('revexec/bookmarks', {})).bookmarks;
      } catch {
        this.stale = true; // it moves
      }
    }
    if (asked !== this.asked) return;
    this.of = of;
    this.all = all;
    void vscode.commands.executeCommand('setContext', 'revexec.hasBookmarks', all.length > 0);
    this.decorate();
  }

  /** The command "Bookmark This Moment". */
  async add(session: Session): Promise<void> {
    const name = await vscode.window.showInputBox({
      title: 'Bookmark this moment',
      prompt: `Position ${count(session.position?.icount ?? 0)}. A name to find it by, or nothing.`,
    });
    if (name === undefined) return;
    await session.request('revexec/setBookmark', name.trim() === '' ? {} : { name: name.trim() });
    await this.refresh();
  }

  /** The command "Go to Bookmark…": a list whose entries can also be renamed and removed. */
  async goTo(session: Session): Promise<void> {
    const rename: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('edit'), tooltip: 'Rename' };
    const remove: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('trash'), tooltip: 'Remove' };
    await this.refresh();
    if (this.nothing()) return;
    type Item = vscode.QuickPickItem & { bookmark: Bookmark };
    const pick = vscode.window.createQuickPick<Item>();
    const fill = (): void => {
      pick.items = this.all.map((bookmark) => ({ ...entry(bookmark), bookmark, buttons: [rename, remove] }));
    };
    pick.title = 'Go to a bookmark';
    pick.matchOnDetail = true;
    fill();
    const chosen = await new Promise<{ bookmark: Bookmark; rename: boolean } | undefined>((resolve, reject) => {
      pick.onDidTriggerItemButton((e) => {
        const { bookmark } = e.item;
        if (e.button === rename) {
          resolve({ bookmark, rename: true });
          pick.hide();
          return;
        }
        session
          .request('revexec/removeBookmark', { id: bookmark.id })
          .then(() => this.refresh())
          .then(() => {
            fill();
            if (this.all.length === 0) pick.hide();
          })
          .catch(reject);
      });
      pick.onDidAccept(() => {
        const bookmark = pick.selectedItems[0]?.bookmark;
        resolve(bookmark && { bookmark, rename: false });
        pick.hide();
      });
      pick.onDidHide(() => {
        resolve(undefined);
        pick.dispose();
      });
      pick.show();
    });
    if (!chosen) return;
    const { bookmark } = chosen;
    if (!chosen.rename) {
      await session.seek(bookmark.icount);
      return;
    }
    const name = await vscode.window.showInputBox({ title: 'Rename the bookmark', value: bookmark.name });
    if (name === undefined || name.trim() === '') return;
    await session.request('revexec/setBookmark', { id: bookmark.id, name: name.trim() });
    await this.refresh();
  }

  /** The command "Remove Bookmark…". */
  async remove(session: Session): Promise<void> {
    await this.refresh();
    if (this.nothing()) return;
    const items = this.all.map((bookmark) => ({ ...entry(bookmark), bookmark }));
    const chosen = await vscode.window.showQuickPick(items, { title: 'Remove bookmarks', canPickMany: true, matchOnDetail: true });
    for (const { bookmark } of chosen ?? []) await session.request('revexec/removeBookmark', { id: bookmark.id });
    await this.refresh();
  }

  private nothing(): boolean {
    if (this.all.length > 0) return false;
    void vscode.window.showInformationMessage('There are no bookmarks yet: "Bookmark This Moment" sets one.');
    return true;
  }

  private decorate(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      const { document } = editor;
      const here = this.all.filter((b) => b.source && b.line !== undefined && b.line >= 1 && b.line <= document.lineCount && shows(document.uri, b.source));
      editor.setDecorations(
        this.mark,
        here.map((b) => ({ range: document.lineAt((b.line ?? 1) - 1).range, hoverMessage: new vscode.MarkdownString().appendText(`Bookmark: ${b.name}, position ${count(b.icount)}`) })),
      );
    }
  }
}

function entry(b: Bookmark): vscode.QuickPickItem {
  return { label: `$(bookmark) ${label(b.name)}`, description: count(b.icount), detail: b.text };
}
