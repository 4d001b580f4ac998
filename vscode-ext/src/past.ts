/**
 * Shows where in history the program is: the status bar, the line's decoration, and the
 * context keys that menus look at.
 */

import * as vscode from 'vscode';
import { pastText, statusText, statusTooltip } from './format';
import type { Position, Source } from './protocol';
import { shows } from './references';
import type { Session, Sessions } from './session';

/** What runs for less than that does not make the display flicker, in milliseconds. */
const patience = 300;

export class Past implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('revexec.position', vscode.StatusBarAlignment.Left, 40);
  private readonly beside = vscode.window.createTextEditorDecorationType({
    after: { margin: '0 0 0 2em', color: new vscode.ThemeColor('editorCodeLens.foreground'), fontStyle: 'italic' },
    isWholeLine: true,
    overviewRulerColor: new vscode.ThemeColor('editorWarning.foreground'),
    overviewRulerLane: vscode.OverviewRulerLane.Full,
  });
  private readonly disposables: { dispose(): unknown }[] = [this.item, this.beside];
  private running: NodeJS.Timeout | undefined;
  private here: { position: Position; source: Source; line: number } | undefined;

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
      vscode.debug.onDidChangeActiveStackItem(() => {
        const session = sessions.active;
        if (session?.stopped && session.position && !session.position.live) this.look(session, session.position);
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
    // Else the editor is going to choose a frame.
  }

  /** Finds the place of the frame that the user looks at: the editor has asked for it. */
  private look(session: Session, position: Position): void {
    const item = vscode.debug.activeStackItem;
    if (!(item instanceof vscode.DebugStackFrame) || item.session.id !== session.id) return;
    const frame = session.state.frames.get(item.frameId);
    this.here = frame?.source ? { position, source: frame.source, line: frame.line } : undefined;
    this.decorate();
  }

  private clear(): void {
    this.here = undefined;
    this.decorate();
  }

  private decorate(): void {
    const { here } = this;
    const wanted = vscode.workspace.getConfiguration('revexec').get<boolean>('pastDecoration', true);
    for (const editor of vscode.window.visibleTextEditors) {
      if (!wanted || !here || !shows(editor.document.uri, here.source) || here.line < 1 || here.line > editor.document.lineCount) {
        editor.setDecorations(this.beside, []);
        continue;
      }
      const { range } = editor.document.lineAt(here.line - 1);
      editor.setDecorations(this.beside, [{ range, renderOptions: { after: { contentText: pastText(here.position) } } }]);
    }
  }
}

function setContext(key: string, value: boolean): void {
  void vscode.commands.executeCommand('setContext', key, value);
}
