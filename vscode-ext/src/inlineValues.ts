/** Which variables' values are shown in the editor, behind the lines that have run. */

import * as vscode from 'vscode';
import { blank, functionStart, isScanned, names } from './identifiers';

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

/** Registers the provider for the languages that it can scan. */
export function registerInlineValues(): vscode.Disposable {
  const selector = ['c', 'cpp', 'rust', 'go'].map((language) => ({ language }));
  return vscode.languages.registerInlineValuesProvider(selector, new InlineValues());
}
