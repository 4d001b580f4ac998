/** Wires the parts of the extension together. It is activated when something of ours is debugged. */

import * as vscode from 'vscode';
import { AdapterFactory } from './adapter';
import { Bookmarks } from './bookmarks';
import { registerCommands, report } from './commands';
import { compiledLanguage } from './configuration';
import { registerHistory } from './history/panel';
import { registerInlineValues } from './inlineValues';
import { ConfigurationProvider } from './launch';
import { registerMoments } from './moments';
import { Past } from './past';
import { show } from './problems';
import { debugType, Sessions } from './session';
import { registerTimeline } from './timeline/view';

export function activate(context: vscode.ExtensionContext): void {
  const sessions = new Sessions();
  const bookmarks = new Bookmarks(context, sessions);
  const histories = registerHistory(context, sessions);
  const provider = new ConfigurationProvider(context);
  context.subscriptions.push(
    sessions,
    bookmarks,
    new Past(sessions),
    vscode.debug.registerDebugAdapterDescriptorFactory(debugType, new AdapterFactory(context)),
    vscode.debug.registerDebugConfigurationProvider(debugType, provider),
    vscode.debug.registerDebugConfigurationProvider(debugType, dynamic(provider), vscode.DebugConfigurationProviderTriggerKind.Dynamic),
    registerCommands({ context, sessions, bookmarks, showHistory: (session, what) => histories.show(session, what) }),
    registerMoments(sessions, report),
    registerInlineValues(sessions),
    warnOfMissingDebugInfo(context, sessions),
    openTimelineOnce(context, sessions),
  );
  registerTimeline(context, sessions);
}

/** Offers what a provider offers, and resolves nothing a second time. */
function dynamic(provider: ConfigurationProvider): vscode.DebugConfigurationProvider {
  return { provideDebugConfigurations: (folder, token) => provider.provideDebugConfigurations(folder, token) };
}

/** Tells, once for each program, that it has no debug information. */
function warnOfMissingDebugInfo(context: vscode.ExtensionContext, sessions: Sessions): vscode.Disposable {
  const told = new Set<string>();
  return sessions.onDidFindNoDebugInfo(({ session, text }) => {
    const program = text.slice(0, text.indexOf(': no debug information'));
    if (told.has(program)) return;
    told.add(program);
    const language = compiledLanguage(vscode.window.activeTextEditor?.document.languageId);
    show({ kind: 'noDebugInfo', program, language }, { context, folder: session.debug.workspaceFolder }, 'warning');
  });
}

const timelineOpened = 'revexec.timelineOpened';

/**
 * Opens the Timeline at the first stop in a workspace: views that an extension adds to
 * Run and Debug are closed at first, and would not be found. After that it is as the
 * user leaves it.
 */
function openTimelineOnce(context: vscode.ExtensionContext, sessions: Sessions): vscode.Disposable {
  return sessions.onDidMove(() => {
    if (context.workspaceState.get(timelineOpened) === true) return;
    void context.workspaceState.update(timelineOpened, true);
    void vscode.commands.executeCommand('revexec.timeline.focus', { preserveFocus: true });
  });
}
