/**
 * Resolves launch configurations: fills in what is left out, and finds out what is
 * wrong before the debugger is started. Pure, but for the files that are given.
 */

import * as path from 'node:path';
import { type Candidate, sniffFile } from './executables';
import type { Problem } from './errors';
import type { Files } from './files';

/** A launch configuration, as a user has written it. */
export interface Configuration {
  type: string;
  name: string;
  request: string;
  [key: string]: unknown;
}

/** The scheme of the addresses that output links lead to. */
export const momentScheme = 'revexec-moment';

/** What a configuration is resolved with. */
export interface Settings {
  outputLinks: 'moment' | 'source';
  /** What the addresses of moments begin with. */
  momentUri: string;
  /** The workspace's folder, or undefined. */
  folder: string | undefined;
}

/** Whether a configuration is none: F5 without a launch.json. */
export function isEmpty(c: Partial<Configuration>): boolean {
  return !c.type && !c.request && !c.name;
}

/** Makes a configuration for something that can be debugged. */
export function configurationFor(file: string, recording: boolean, folder: string | undefined): Configuration {
  const written = withVariables(file, folder);
  const common = { type: 'revexec', request: 'launch' };
  return recording
    ? { ...common, name: `Replay ${path.basename(file)}`, recording: written }
    : { ...common, name: `Debug ${path.basename(file)}`, program: written, args: [], cwd: folder === undefined ? path.dirname(file) : '${workspaceFolder}' };
}

/** A path below the folder, as launch.json has it. */
function withVariables(file: string, folder: string | undefined): string {
  if (folder === undefined) return file;
  const relative = path.relative(folder, file);
  return relative.startsWith('..') || path.isAbsolute(relative) ? file : `\${workspaceFolder}/${relative.split(path.sep).join('/')}`;
}

/** What a candidate is, for a list. */
export function detail(c: Candidate, now: number): string {
  const parts: string[] = [];
  if (!c.program) parts.push('recording');
  else {
    parts.push(c.program.arch);
    if (c.program.debug === 'no') parts.push('no debug information');
  }
  parts.push(age(now - c.modified));
  return parts.join(' · ');
}

function age(ms: number): string {
  const s = Math.max(0, ms / 1000);
  const steps: [number, string][] = [
    [60, 'second'],
    [60, 'minute'],
    [24, 'hour'],
    [365, 'day'],
  ];
  let n = s;
  for (const [size, unit] of steps) {
    if (n < size) {
      const k = Math.floor(n);
      return k === 0 ? 'just now' : `${k} ${unit}${k === 1 ? '' : 's'} ago`;
    }
    n /= size;
  }
  return 'long ago';
}

/** Fills in what a configuration leaves out. Variables are not substituted yet. */
export function complete(c: Configuration, s: Settings): Configuration {
  const out: Configuration = { ...c, type: c.type || 'revexec', request: c.request || 'launch', name: c.name || 'Revexec' };
  if (out['cwd'] === undefined && s.folder !== undefined) out['cwd'] = '${workspaceFolder}';
  if (out['momentUri'] === undefined && s.outputLinks === 'moment') out['momentUri'] = s.momentUri;
  // The debug console would come up over the terminal that the program waits in.
  const terminal = out['console'] === 'integratedTerminal' || out['console'] === 'externalTerminal';
  if (terminal && out['internalConsoleOptions'] === undefined) out['internalConsoleOptions'] = 'neverOpen';
  return out;
}

/** The answer of {@link check}. */
export type Checked = { config: Configuration } | { problem: Problem };

/** What {@link check} needs to know of the computer. */
export interface Host {
  files: Files;
  /** As node has it: `linux`, … */
  platform: string;
}

const sourceLanguages: Readonly<Record<string, string>> = {
  '.c': 'c',
  '.cc': 'cpp',
  '.cpp': 'cpp',
  '.cxx': 'cpp',
  '.rs': 'rust',
  '.go': 'go',
  '.s': 'asm',
  '.S': 'asm',
  '.asm': 'asm',
};

/** Where cross compilers of Debian and Fedora have the libraries. */
const sysroots: Readonly<Record<string, readonly string[]>> = {
  riscv64: ['/usr/riscv64-linux-gnu', '/usr/riscv64-linux-gnu/sys-root', '/opt/riscv/sysroot'],
  'x86-64': ['/usr/x86_64-linux-gnu'],
};

const text = (c: Configuration, name: string): string => {
  const v = c[name];
  return typeof v === 'string' ? v : '';
};

/** Looks at a configuration whose variables are substituted. */
export async function check(c: Configuration, host: Host): Promise<Checked> {
  if (c.request === 'attach') return { problem: { kind: 'attach' } };
  const program = text(c, 'program');
  const recording = text(c, 'recording');
  const cwd = text(c, 'cwd');
  const sysroot = text(c, 'sysroot');
  const absolute = (file: string): string => (path.isAbsolute(file) || cwd === '' ? file : path.join(cwd, file));

  if (recording !== '' && c['record'] !== undefined) {
    return { problem: { kind: 'exclusive', one: 'record', other: 'recording', why: 'a recording is one already' } };
  }
  if (recording !== '') return checkRecording(c, absolute(recording), host);
  const terminal = text(c, 'console');
  if (c['stdin'] !== undefined && (terminal === 'integratedTerminal' || terminal === 'externalTerminal')) {
    return { problem: { kind: 'exclusive', one: 'stdin', other: 'console', why: `with "${terminal}" the program reads from the terminal` } };
  }
  if (cwd !== '' && (await host.files.stat(cwd))?.kind !== 'directory') return { problem: { kind: 'directoryMissing', argument: 'cwd', file: cwd } };
  if (sysroot !== '' && (await host.files.stat(absolute(sysroot)))?.kind !== 'directory') {
    return { problem: { kind: 'directoryMissing', argument: 'sysroot', file: absolute(sysroot) } };
  }
  const input = c['stdin'];
  if (typeof input === 'string' && !(await host.files.stat(absolute(input)))) return { problem: { kind: 'stdinMissing', file: absolute(input) } };
  return checkProgram(c, absolute(program), sysroot === '' ? '' : absolute(sysroot), host);
}

async function checkRecording(c: Configuration, file: string, host: Host): Promise<Checked> {
  const stat = await host.files.stat(file);
  if (!stat) return { problem: { kind: 'recordingMissing', file } };
  if (stat.kind !== 'file') return { problem: { kind: 'recordingDamaged', file } };
  const kind = await sniffFile(host.files, file);
  if (kind.kind === 'program') return { problem: { kind: 'recordingIsProgram', file } };
  if (kind.kind !== 'recording') return { problem: { kind: 'recordingDamaged', file } };
  return { config: c };
}

async function checkProgram(c: Configuration, file: string, sysroot: string, host: Host): Promise<Checked> {
  const stat = await host.files.stat(file);
  if (!stat) return { problem: { kind: 'programMissing', file } };
  if (stat.kind === 'directory') return { problem: { kind: 'programIsDirectory', file } };
  // Who opens a pipe waits for its other end.
  if (stat.kind === 'other') return { problem: { kind: 'programUnfitting', file, what: 'a device or a pipe' } };
  const language = sourceLanguages[path.extname(file)];
  const kind = await sniffFile(host.files, file);
  switch (kind.kind) {
    case 'recording':
      return { problem: { kind: 'programIsRecording', file } };
    case 'foreign':
      return { problem: { kind: 'programForeign', file, what: kind.what } };
    case 'other':
      if (language !== undefined) return { problem: { kind: 'programIsSource', file, language } };
      return { problem: { kind: 'programUnfitting', file, what: kind.what } };
    case 'unfitting':
      // A shared library with a loader of its own is run as a program is; the
      // debugger has the last word.
      return { problem: { kind: 'programUnfitting', file, what: kind.what } };
    case 'damaged':
      return { problem: { kind: 'programUnfitting', file, what: kind.what } };
    case 'program':
      break;
  }
  if (!stat.executable) return { problem: { kind: 'programNotExecutable', file } };
  const { arch } = kind.program;
  // Windows would take a name that begins with two slashes for another computer's, and ask that.
  const loader = kind.program.loader?.replace(host.platform === 'win32' ? /^[\\/]+/ : /^\/+/, '/');
  if (loader !== undefined) {
    const places = sysroot === '' ? [loader] : [path.join(sysroot, loader), loader];
    const there = await Promise.all(places.map((p) => host.files.stat(p)));
    if (!there.some(Boolean)) {
      return { problem: { kind: 'loaderMissing', file, arch, loader, sysroot: await sysrootWith(loader, arch, host) } };
    }
  }
  return { config: c };
}

async function sysrootWith(loader: string, arch: string, host: Host): Promise<string | undefined> {
  for (const dir of sysroots[arch] ?? []) {
    if (await host.files.stat(path.join(dir, loader))) return dir;
  }
  return undefined;
}

/** The language of the editor, as the texts about compiling have it. */
export function compiledLanguage(languageId: string | undefined): string | undefined {
  if (languageId === undefined) return undefined;
  if (['c', 'cpp', 'rust', 'go'].includes(languageId)) return languageId;
  return /^(?:asm|gas|nasm|riscv)/.test(languageId) ? 'asm' : undefined;
}
