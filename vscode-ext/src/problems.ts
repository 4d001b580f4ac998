/** Shows what is wrong, and carries out what the user chooses to do about it. */

import * as fs from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Configuration } from './configuration';
import { message } from './format';
import { type Action, actionTitles, describe, type Problem } from './errors';

/** Where a problem turned up. */
export interface Circumstances {
  context: vscode.ExtensionContext;
  folder?: vscode.WorkspaceFolder | undefined;
  /** The configuration to start again with when the problem is solved. */
  config?: Configuration;
}

/**
 * Shows a problem. It does not wait for the user: a message may stay for long, and a
 * session that is being started must not.
 */
export function show(problem: Problem, c: Circumstances, severity: 'error' | 'warning' = 'error'): void {
  const { message: text, actions } = describe(problem);
  const shown = message(text);
  const titles = actions.map((a) => actionTitles[a]);
  const asked = severity === 'error' ? vscode.window.showErrorMessage(shown, ...titles) : vscode.window.showWarningMessage(shown, ...titles);
  void asked.then((title) => {
    const action = actions.find((a) => actionTitles[a] === title);
    return action && act(action, problem, c);
  });
}

async function act(action: Action, problem: Problem, c: Circumstances): Promise<void> {
  const again = async (more: Record<string, unknown>, without: string[] = []): Promise<void> => {
    const config = { ...(c.config ?? { type: 'revexec', request: 'launch', name: 'Revexec' }), ...more };
    for (const name of without) Reflect.deleteProperty(config, name);
    await vscode.debug.startDebugging(c.folder, config);
  };
  const file = 'file' in problem ? problem.file : '';
  switch (action) {
    case 'chooseProgram': {
      const chosen = await chooseFile('Debug', 'Choose a Linux executable', file);
      if (chosen !== undefined) await again({ request: 'launch', program: chosen, ...(c.config ? {} : { name: `Debug ${path.basename(chosen)}` }) }, ['recording']);
      break;
    }
    case 'chooseRecording':
      await vscode.commands.executeCommand('revexec.openRecording');
      break;
    case 'openAsRecording':
      await again({ recording: file }, ['program', 'record', 'stdin', 'console']);
      break;
    case 'openAsProgram':
      await again({ program: file }, ['recording', 'position']);
      break;
    case 'makeExecutable':
      try {
        await fs.promises.chmod(file, (await fs.promises.stat(file)).mode | 0o111);
      } catch (e) {
        void vscode.window.showErrorMessage(message(`${file} can't be made executable: ${e instanceof Error ? e.message : String(e)}`));
        return;
      }
      if (c.config) await again({});
      break;
    case 'useSysroot':
      if (problem.kind === 'loaderMissing' && problem.sysroot !== undefined) await again({ sysroot: problem.sysroot });
      break;
    case 'openLaunchJson':
      await vscode.commands.executeCommand('workbench.action.debug.configure');
      break;
    case 'openSettings':
      await vscode.commands.executeCommand('workbench.action.openSettings', 'revexec.path');
      break;
    case 'howToBuild':
      await openReadme(c.context, 'the-debugger-itself');
      break;
    case 'howToCompile':
      await openReadme(c.context, 'compile-for-debugging');
      break;
    case 'trustWorkspace':
      await vscode.commands.executeCommand('workbench.trust.manage');
      break;
    case 'showLog':
      await vscode.commands.executeCommand('revexec.showLog');
      break;
  }
}

/** Opens a section of the extension's README. */
async function openReadme(context: vscode.ExtensionContext, section: string): Promise<void> {
  const uri = vscode.Uri.joinPath(context.extensionUri, 'README.md').with({ fragment: section });
  await vscode.commands.executeCommand('markdown.showPreview', uri);
}

/** Lets the user choose a file. */
export async function chooseFile(label: string, title: string, near: string, filters?: Record<string, string[]>): Promise<string | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const dir = near === '' ? folder : vscode.Uri.file(path.dirname(near));
  const chosen = await vscode.window.showOpenDialog({
    openLabel: label,
    title,
    canSelectMany: false,
    ...(dir ? { defaultUri: dir } : {}),
    ...(filters ? { filters } : {}),
  });
  return chosen?.[0]?.fsPath;
}
