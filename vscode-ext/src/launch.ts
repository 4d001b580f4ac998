/** Configurations: what F5 does without one, what is offered, and what is checked before a start. */

import * as path from 'node:path';
import * as vscode from 'vscode';
import { checkBinary } from './adapter';
import { check, compiledLanguage, complete, type Configuration, configurationFor, detail, isEmpty, type Settings } from './configuration';
import { type Candidate, findCandidates } from './executables';
import { disk } from './files';
import { label } from './format';
import { momentUri } from './moments';
import { chooseFile, show } from './problems';

const lastChoice = 'revexec.lastChoice';

function settings(folder: vscode.WorkspaceFolder | undefined): Settings {
  return {
    outputLinks: vscode.workspace.getConfiguration('revexec', folder).get<'moment' | 'source'>('outputLinks', 'moment'),
    momentUri,
    folder: folder?.uri.fsPath,
  };
}

/** Resolves and offers configurations. */
export class ConfigurationProvider implements vscode.DebugConfigurationProvider {
  constructor(private readonly context: vscode.ExtensionContext) {}

  /** What is offered when a launch.json is made, and under "Revexec…" in the list of configurations. */
  async provideDebugConfigurations(folder: vscode.WorkspaceFolder | undefined, token?: vscode.CancellationToken): Promise<vscode.DebugConfiguration[]> {
    const found = await candidates(folder, token);
    const list = found.slice(0, 20).map((c) => configurationFor(c.file, !c.program, folder?.uri.fsPath));
    return list.length > 0 ? list : [{ ...configurationFor('program', false, undefined), name: 'Debug with time travel', program: '${workspaceFolder}/program', cwd: '${workspaceFolder}' }];
  }

  async resolveDebugConfiguration(
    folder: vscode.WorkspaceFolder | undefined,
    config: Partial<Configuration>,
    token?: vscode.CancellationToken,
  ): Promise<vscode.DebugConfiguration | undefined> {
    let c = config as Configuration;
    if (isEmpty(config) || (!c['program'] && !c['recording'] && c.request !== 'attach')) {
      const chosen = await this.choose(folder, token);
      if (!chosen) return undefined;
      c = { ...chosen, ...Object.fromEntries(Object.entries(config).filter(([, v]) => v !== '' && v !== undefined)) };
    }
    return complete(c, settings(folder));
  }

  async resolveDebugConfigurationWithSubstitutedVariables(folder: vscode.WorkspaceFolder | undefined, config: vscode.DebugConfiguration): Promise<vscode.DebugConfiguration | undefined> {
    const circumstances = { context: this.context, folder, config };
    const binary = await checkBinary(this.context);
    if ('problem' in binary) {
      show(binary.problem, circumstances);
      return undefined;
    }
    if (!vscode.workspace.isTrusted && !config['recording']) {
      show({ kind: 'untrusted' }, circumstances);
      return undefined;
    }
    const checked = await check(config, { files: disk, platform: process.platform });
    if ('problem' in checked) {
      show(checked.problem, circumstances);
      return undefined;
    }
    return checked.config;
  }

  /** Lets the user choose one of the workspace's executables and recordings. */
  private async choose(folder: vscode.WorkspaceFolder | undefined, token?: vscode.CancellationToken): Promise<Configuration | undefined> {
    const found = await candidates(folder, token);
    const root = folder?.uri.fsPath;
    if (found.length === 0) {
      const editor = vscode.window.activeTextEditor;
      show(
        { kind: 'nothingToDebug', language: compiledLanguage(editor?.document.languageId), hasFolder: (vscode.workspace.workspaceFolders?.length ?? 0) > 0 },
        { context: this.context, folder },
      );
      return undefined;
    }
    const last = this.context.workspaceState.get<string>(lastChoice);
    const first = found.findIndex((c) => c.file === last);
    if (first > 0) found.unshift(...found.splice(first, 1));
    type Item = vscode.QuickPickItem & { candidate?: Candidate; other?: 'program' | 'recording' };
    const now = Date.now();
    const items: Item[] = [
      ...found.map((candidate) => ({
        label: `$(${candidate.program ? 'debug-alt' : 'history'}) ${label(path.basename(candidate.file))}`,
        description: root === undefined ? path.dirname(candidate.file) : path.relative(root, path.dirname(candidate.file)),
        detail: detail(candidate, now),
        candidate,
      })),
      { label: '', kind: vscode.QuickPickItemKind.Separator },
      { label: '$(folder-opened) Another program…', other: 'program' },
      { label: '$(history) Open recording…', other: 'recording' },
    ];
    const item = await vscode.window.showQuickPick(items, { title: 'Debug with time travel', placeHolder: 'Choose an executable or a recording', matchOnDescription: true }, token);
    if (!item) return undefined;
    let file = item.candidate?.file;
    const recording = item.candidate ? !item.candidate.program : item.other === 'recording';
    if (item.other !== undefined) file = await (recording ? chooseRecording() : chooseFile('Debug', 'Choose a Linux executable', ''));
    if (file === undefined) return undefined;
    await this.context.workspaceState.update(lastChoice, file);
    return recording ? recordingConfiguration(file) : configurationFor(file, false, root);
  }
}

async function candidates(folder: vscode.WorkspaceFolder | undefined, token?: vscode.CancellationToken): Promise<Candidate[]> {
  const roots = folder ? [folder] : (vscode.workspace.workspaceFolders ?? []);
  const lists = await Promise.all(roots.map((r) => findCandidates(disk, r.uri.fsPath, () => token?.isCancellationRequested ?? false)));
  return lists.flat();
}

function chooseRecording(): Promise<string | undefined> {
  return chooseFile('Open Recording', 'Choose a recording', '', { Recordings: ['rvx'], 'All files': ['*'] });
}

/** A recording is opened at its end: it was made for what happened last. */
function recordingConfiguration(file: string): Configuration {
  return { ...configurationFor(file, true, undefined), position: 'end' };
}

/** The command "Open Recording…", also of a file in the explorer. */
export async function openRecording(uri: unknown): Promise<void> {
  const file = uri instanceof vscode.Uri ? uri.fsPath : await chooseRecording();
  if (file === undefined) return;
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file)) ?? vscode.workspace.workspaceFolders?.[0];
  await vscode.debug.startDebugging(folder, recordingConfiguration(file));
}

/** The command "Debug with Revexec" of a file in the explorer. */
export async function debugExecutable(uri: unknown): Promise<void> {
  const file = uri instanceof vscode.Uri ? uri.fsPath : await chooseFile('Debug', 'Choose a Linux executable', '');
  if (file === undefined) return;
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file));
  await vscode.debug.startDebugging(folder, configurationFor(file, false, folder?.uri.fsPath));
}
