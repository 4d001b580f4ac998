/**
 * Finds the debugger, `dap-revexec`: the one that the setting names, the one that the
 * extension brings, one on the PATH. Pure, but for the file system that is given.
 */

import * as path from 'node:path';
import type { FileKind } from './executables';

/** What finding the debugger looks at. */
export interface Surroundings {
  platform: string;
  /** The extension's directory. */
  extensionPath: string;
  /** The setting `revexec.path`. */
  setting: string;
  /** The first folder of the workspace, for relative paths. */
  workspace: string | undefined;
  home: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Whether a file can be executed. */
  executable(file: string): boolean;
  exists(file: string): boolean;
}

/** The debugger's path, or why there is none. */
export type Found = { file: string } | { problem: 'settingMissing' | 'settingNotExecutable' | 'notBundled'; file: string };

/** The name of the debugger's file. */
export function fileName(platform: string): string {
  return platform === 'win32' ? 'dap-revexec.exe' : 'dap-revexec';
}

export function findBinary(s: Surroundings): Found {
  const p = s.platform === 'win32' ? path.win32 : path.posix;
  const name = fileName(s.platform);
  if (s.setting.trim() !== '') {
    let file = s.setting.trim();
    if (file.startsWith('~/')) file = p.join(s.home, file.slice(2));
    file = file.replaceAll('${workspaceFolder}', s.workspace ?? '').replaceAll('${userHome}', s.home);
    if (!file.includes('/') && !file.includes(p.sep)) {
      const there = onPath(file, s, p);
      if (there !== undefined) return { file: there };
    }
    if (!p.isAbsolute(file) && s.workspace !== undefined) file = p.join(s.workspace, file);
    if (!s.exists(file)) return { problem: 'settingMissing', file };
    if (!s.executable(file)) return { problem: 'settingNotExecutable', file };
    return { file };
  }
  const bundled = p.join(s.extensionPath, 'bin', name);
  if (s.exists(bundled)) return { file: bundled };
  const there = onPath(name, s, p);
  return there === undefined ? { problem: 'notBundled', file: bundled } : { file: there };
}

function onPath(name: string, s: Surroundings, p: path.PlatformPath): string | undefined {
  const value = s.env['PATH'] ?? s.env['Path'] ?? '';
  for (const dir of value.split(p.delimiter)) {
    // A relative directory on the PATH would be that of whoever started the editor.
    if (!p.isAbsolute(dir)) continue;
    const file = p.join(dir, name);
    if (s.executable(file)) return file;
  }
  return undefined;
}

/** How {@link FileKind} describes the programs of other systems than Linux. */
const foreignSystems: Readonly<Record<string, string>> = { darwin: 'a macOS program', win32: 'a Windows program' };

/**
 * Tells what the debugger's file is when this computer can't execute it; undefined if it
 * can, or if that can't be told.
 */
export function fits(kind: FileKind, platform: string, arch: string): string | undefined {
  if (kind.kind === 'other') return kind.what === 'a script' || kind.what === 'an empty file' ? undefined : kind.what;
  if (kind.kind === 'recording') return 'a recording';
  if (kind.kind === 'program') {
    const own = { x64: 'x86-64', riscv64: 'riscv64' }[arch];
    return platform === 'linux' && own === kind.program.arch ? undefined : `a Linux program for ${kind.program.arch}`;
  }
  const system = foreignSystems[platform];
  if (kind.kind === 'foreign' && system !== undefined && kind.what.startsWith(system)) return undefined;
  if (kind.kind === 'foreign' && platform === 'linux' && arch === 'arm64' && kind.what === 'an ARM64 program') return undefined;
  return kind.what;
}
