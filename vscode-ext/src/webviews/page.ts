/**
 * The pages that the extension's webviews show.
 *
 * A page is a shell: it names one script and one style sheet of the extension, and everything else is built by the
 * script. What the debugged program supplies (names, output, values) never becomes part of the page's text.
 */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { pageText } from './pagetext';

/** Where the bundles of browser code are, below the extension's directory. */
const bundles = 'dist';

/** The options of a webview that shows such a page: scripts, and files from the bundles' directory alone. */
export function webviewOptions(extension: vscode.Uri): vscode.WebviewOptions {
  return { enableScripts: true, enableForms: false, localResourceRoots: [vscode.Uri.joinPath(extension, bundles)] };
}

/** The text of the page whose bundles are `dist/NAME.js` and `dist/NAME-style.css`. */
export function page(webview: vscode.Webview, extension: vscode.Uri, name: string, title: string): string {
  const file = (suffix: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extension, bundles, name + suffix)).toString();
  return pageText({
    nonce: randomBytes(16).toString('base64url'),
    styles: webview.cspSource,
    style: file('-style.css'),
    script: file('.js'),
    title,
  });
}
