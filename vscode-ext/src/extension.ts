/** Wires the parts of the extension together. It is activated when something of ours is debugged. */

import * as vscode from 'vscode';
import { AdapterFactory } from './adapter';
import { debugType, Sessions } from './session';
import { registerTimeline } from './timeline/view';

export function activate(context: vscode.ExtensionContext): void {
  const sessions = new Sessions();
  context.subscriptions.push(
    sessions,
    vscode.debug.registerDebugAdapterDescriptorFactory(debugType, new AdapterFactory(context)),
  );
  registerTimeline(context, sessions);
}
