/** Which variables' values are shown in the editor, behind the lines that have run. */

import * as vscode from 'vscode';
import { blank, functionStart, isScanned, names } from './identifiers';
import type { Sessions } from './session';

/** A file longer than that is not scanned, in UTF-16 units: values are no use if they come late. */
const longest = 2_000_000;

/** Names in the function that the program is in, from its beginning to the line it is at. */
export class InlineValues implements vscode.InlineValuesProvider {
  provideInlineValues(document: vscode.TextDocument, viewPort: vscode.Range, context: vscode.InlineValueContext): vscode.InlineValue[] {
    const language = document.languageId;
    if (!isScanned(language)) return [];
    const text = document.getText();
    if (text.length > longest) return [];
    const blanked = blank(text.replaceAll('\r\n', '\n'), language);
    const stopped = context.stoppedLocation.end.line;
    const from = Math.max(functionStart(blanked, stopped, language), viewPort.start.line);
    const to = Math.min(stopped, viewPort.end.line);
    return names(blanked, from, to, language).map(
      ({ name, line, column }) => new vscode.InlineValueVariableLookup(new vscode.Range(line, column, line, column + name.length), name, true),
    );
  }
}

/**
 * Offers inline values while a session of ours is the one that the user looks at. Providers are asked in sessions of
 * every debugger, and already that there is one turns inline values on (`debug.inlineValues`: auto): others' sessions
 * must not see ours.
 */
export function registerInlineValues(sessions: Sessions): vscode.Disposable {
  const selector = ['c', 'cpp', 'rust', 'go'].map((language) => ({ language }));
  let registered: vscode.Disposable | undefined;
  const update = (): void => {
    if (sessions.active !== undefined) {
      registered ??= vscode.languages.registerInlineValuesProvider(selector, new InlineValues());
      return;
    }
    registered?.dispose();
    registered = undefined;
  };
  update();
  return vscode.Disposable.from(sessions.onDidChangeActive(update), sessions.onDidStart(update), {
    dispose: () => {
      registered?.dispose();
    },
  });
}
