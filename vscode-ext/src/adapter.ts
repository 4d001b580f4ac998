/** Starts the debugger for a session. */

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { findBinary, fits } from './binary';
import type { Problem } from './errors';
import { sniffFile } from './executables';
import { disk } from './files';

function locate(context: vscode.ExtensionContext): ReturnType<typeof findBinary> {
  return findBinary({
    platform: process.platform,
    extensionPath: context.extensionPath,
    setting: vscode.workspace.getConfiguration('revexec').get('path', ''),
    workspace: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath,
    home: os.homedir(),
    env: process.env,
    exists: (file) => fs.existsSync(file),
    executable,
  });
}

function executable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Finds the debugger with the user's settings on this computer, or what is wrong with it. */
export async function checkBinary(context: vscode.ExtensionContext): Promise<{ file: string } | { problem: Problem }> {
  const { platform, arch } = process;
  const found = locate(context);
  if ('problem' in found) {
    switch (found.problem) {
      case 'settingMissing':
        return { problem: { kind: 'binarySettingMissing', file: found.file } };
      case 'settingNotExecutable':
        return { problem: { kind: 'binarySettingNotExecutable', file: found.file } };
      case 'notBundled':
        return { problem: { kind: 'binaryNotBundled', platform, arch } };
    }
  }
  const what = fits(await sniffFile(disk, found.file), platform, arch);
  if (what !== undefined) return { problem: { kind: 'binaryForeign', file: found.file, what, platform, arch } };
  // What unpacks a .vsix may leave out that files can be executed.
  if (!executable(found.file)) await fs.promises.chmod(found.file, 0o755).catch(() => undefined);
  return { file: found.file };
}

/** Where the debugger writes its log, and the arguments that tell it to. */
export function logArguments(context: vscode.ExtensionContext): { file: string; args: string[] } {
  const file = path.join(context.logUri.fsPath, 'dap-revexec.log');
  const level = vscode.workspace.getConfiguration('revexec').get<string>('log', 'off');
  if (level === 'off') return { file, args: [] };
  fs.mkdirSync(path.dirname(file), { recursive: true });
  return { file, args: ['--log', file, '--log-level', level] };
}

/** Makes the debugger's process for each session. */
export class AdapterFactory implements vscode.DebugAdapterDescriptorFactory {
  constructor(private readonly context: vscode.ExtensionContext) {}

  createDebugAdapterDescriptor(session: vscode.DebugSession): vscode.DebugAdapterDescriptor {
    const found = locate(this.context);
    // Before, when the configuration was resolved, it was there.
    if ('problem' in found) throw new Error(`dap-revexec was not found at ${found.file}. Name it in the setting revexec.path.`);
    const cwd = session.workspaceFolder?.uri.fsPath;
    return new vscode.DebugAdapterExecutable(found.file, ['serve', ...logArguments(this.context).args], cwd === undefined ? {} : { cwd });
  }
}
