/**
 * Shows where in history the program is: the status bar, the line's decoration, and the
 * context keys that menus look at.
 */

import * as vscode from 'vscode';
import { pastText, statusText, statusTooltip } from './format';
import type { Where } from './protocol';
import { shows } from './references';
import type { Session, Sessions } from './session';

/** What runs for less than that does not make the display flicker, in milliseconds. */
const patience = 300;

export class Past implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('revexec.position', vscode.StatusBarAlignment.Left, 40);
  private readonly beside = vscode.window.createTextEditorDecorationType({
    after: { margin: '0 0 0 3em', color: new vscode.ThemeColor('editorCodeLens.foreground'), fontStyle: 'italic' },
    isWholeLine: true,
    overviewRulerColor: new vscode.ThemeColor('editorWarning.foreground'),
    overviewRulerLane: vscode.OverviewRulerLane.Full,
  });
  private readonly disposables: { dispose(): unknown }[] = [this.item, this.beside];
  private running: NodeJS.Timeout | undefined;
  private where: Where | undefined;
  /** Counts stops, so that a late answer to an earlier one is not shown. */
  private stops = 0;

  constructor(private readonly sessions: Sessions) {
    this.item.name = 'Revexec: position in history';
    this.item.command = 'revexec.goToPosition';
    const update = (session: Session): void => {
      if (session === sessions.active) this.update();
    };
    this.disposables.push(
      sessions.onDidMove((stop) => {
        update(stop.session);
      }),
      sessions.onDidRun(update),
      sessions.onDidSearch(update),
      sessions.onDidEnd(() => {
        this.update();
      }),
      sessions.onDidChangeActive(() => {
        this.update();
      }),
      vscode.window.onDidChangeVisibleTextEditors(() => {
        this.decorate();
      }),
      vscode.workspace.onDidChangeConfiguration((e) => {
        if (e.affectsConfiguration('revexec.pastDecoration')) this.decorate();
      }),
    );
    this.update();
  }

  dispose(): void {
    clearTimeout(this.running);
    for (const d of this.disposables) d.dispose();
  }

  private update(): void {
    clearTimeout(this.running);
    this.running = undefined;
    const session = this.sessions.active;
    if (!session || session.ended || (!session.position && !session.stopped)) {
      this.clear();
      this.item.hide();
      setContext('revexec.inPast', false);
      setContext('revexec.recording', false);
      setContext('revexec.searching', false);
      return;
    }
    setContext('revexec.recording', session.recording);
    setContext('revexec.searching', session.state.searches.size > 0);
    if (!session.stopped) {
      this.running = setTimeout(() => {
        this.clear();
        this.item.text = '$(sync~spin) running…';
        this.item.tooltip = 'The program runs, or its history is being searched.';
        this.item.backgroundColor = undefined;
        this.item.show();
      }, patience);
      return;
    }
    const p = session.position;
    if (!p) return;
    setContext('revexec.inPast', !p.live);
    this.item.text = statusText(p);
    this.item.tooltip = new vscode.MarkdownString(statusTooltip(p, session.recording));
    this.item.backgroundColor = p.live ? undefined : new vscode.ThemeColor('statusBarItem.warningBackground');
    this.item.accessibilityInformation = { label: p.live ? `Position ${p.icount}, live` : `Position ${p.icount}, ${pastText(p)}` };
    this.item.show();
    if (p.live) this.clear();
    else void this.look(session);
  }

  /** Asks for the line that the program is at. */
  private async look(session: Session): Promise<void> {
    const stop = ++this.stops;
    try {
      const where = await session.request('revexec/where', {});
      if (stop !== this.stops || !session.stopped) return;
      this.where = where;
    } catch {
      this.where = undefined; // it moves already, or is over
    }
    this.decorate();
  }

  private clear(): void {
    this.stops++;
    this.where = undefined;
    this.decorate();
  }

  private decorate(): void {
    const { where } = this;
    const wanted = vscode.workspace.getConfiguration('revexec').get<boolean>('pastDecoration', true);
    for (const editor of vscode.window.visibleTextEditors) {
      const line = where?.line ?? 0;
      if (!wanted || !where?.source || !shows(editor.document.uri, where.source) || line < 1 || line > editor.document.lineCount) {
        editor.setDecorations(this.beside, []);
        continue;
      }
      const { range } = editor.document.lineAt(line - 1);
      editor.setDecorations(this.beside, [
        { range, renderOptions: { after: { contentText: pastText(where) } }, hoverMessage: new vscode.MarkdownString(statusTooltip(where, false)) },
      ]);
    }
  }
}

function setContext(key: string, value: boolean): void {
  void vscode.commands.executeCommand('setContext', key, value);
}
