/** Starts the debugger for a session. */

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { findBinary } from './binary';

/** Finds the debugger with the user's settings on this computer. */
export function locate(context: vscode.ExtensionContext): ReturnType<typeof findBinary> {
  return findBinary({
    platform: process.platform,
    arch: process.arch,
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
    if (!('file' in found) || 'problem' in found) throw new Error(`dap-revexec was not found: ${found.file}`);
    const cwd = session.workspaceFolder?.uri.fsPath;
    return new vscode.DebugAdapterExecutable(found.file, ['serve', ...logArguments(this.context).args], cwd === undefined ? {} : { cwd });
  }
}
