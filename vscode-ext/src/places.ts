/** What the user points at, as requests take it: a place in a source, a frame, a variable. */

import * as vscode from 'vscode';
import { expressionAt } from './identifiers';
import type { DataArguments, PlaceArguments } from './protocol';
import { parseFrameId, sourceOf } from './references';
import type { Session } from './session';

/** The file and line that a command is about: those of its menu, or of the cursor. */
export function placeOf(argument: unknown): PlaceArguments | undefined {
  if (typeof argument === 'object' && argument !== null && 'lineNumber' in argument && 'uri' in argument) {
    const { lineNumber, uri } = argument;
    if (typeof lineNumber === 'number' && uri instanceof vscode.Uri) return { source: sourceOf(uri), line: lineNumber };
  }
  const editor = vscode.window.activeTextEditor;
  if (!editor) return undefined;
  return { source: sourceOf(editor.document.uri), line: editor.selection.active.line + 1 };
}

/** The thread that the user looks at. */
export function currentThread(session: Session): number {
  const item = vscode.debug.activeStackItem;
  return item?.session.id === session.id ? item.threadId : (session.state.thread ?? session.position?.thread ?? 1);
}

/** The frame that the user looks at, as the adapter numbers it. */
export function currentFrame(session: Session): number | undefined {
  const item = vscode.debug.activeStackItem;
  return item instanceof vscode.DebugStackFrame && item.session.id === session.id ? item.frameId : undefined;
}

/** The frame of the call stack's menu, or the one that the user looks at. */
export async function frameOf(session: Session, argument: unknown): Promise<number | undefined> {
  if (typeof argument === 'object' && argument !== null && 'frameId' in argument && typeof argument.frameId === 'string') {
    const place = parseFrameId(argument.frameId);
    if (place) {
      const { stackFrames } = await session.request('stackTrace', { threadId: place.thread, startFrame: place.level, levels: 1 });
      return stackFrames[0]?.id;
    }
  }
  return currentFrame(session);
}

/**
 * The data that a command is about: the variable of its menu, what is selected or at
 * the cursor in an editor, or what the user types.
 */
export async function dataOf(session: Session, argument: unknown, title: string): Promise<DataArguments | undefined> {
  const frameId = currentFrame(session);
  const frame = frameId === undefined ? {} : { frameId };
  if (typeof argument === 'object' && argument !== null && 'variable' in argument && 'container' in argument) {
    const { variable, container } = argument as { variable?: { name?: unknown }; container?: { variablesReference?: unknown } };
    if (typeof variable?.name === 'string' && typeof container?.variablesReference === 'number') {
      return { variablesReference: container.variablesReference, name: variable.name };
    }
  }
  const editor = vscode.window.activeTextEditor;
  let expression: string | undefined;
  if (editor) {
    const { document, selection } = editor;
    expression = selection.isEmpty ? expressionAt(document.lineAt(selection.active.line).text, selection.active.character) : document.getText(selection).trim();
  }
  // From a menu it is what the menu was opened on; from the palette it is a proposal.
  if (!(argument instanceof vscode.Uri) || expression === undefined) {
    expression = await vscode.window.showInputBox({
      title,
      prompt: 'A variable or an expression, such as list->head, v[3], or *(int *)0x1234',
      value: expression ?? '',
      ignoreFocusOut: true,
    });
  }
  return expression === undefined || expression.trim() === '' ? undefined : { name: expression.trim(), ...frame };
}
