/**
 * Tells by a file's first bytes what it is, and finds the programs of a workspace.
 * Files are looked at, never run; what they say is checked before it is believed.
 */

import * as path from 'node:path';
import type { Files } from './files';

/** What a file is. */
export type FileKind =
  | { kind: 'program'; program: Program }
  /** Not linked, a library, or a core dump. `what` names it. */
  | { kind: 'unfitting'; what: string }
  /** A program of another architecture or system. */
  | { kind: 'foreign'; what: string }
  | { kind: 'damaged'; what: string }
  | { kind: 'recording' }
  | { kind: 'other'; what: string };

/** A Linux executable that the debugger can run. */
export interface Program {
  arch: 'x86-64' | 'riscv64';
  /** The dynamic loader that it asks for; undefined: none, it is linked statically. */
  loader: string | undefined;
  /** It has debug information, or names a file that has. */
  debug: 'yes' | 'separate' | 'no';
  language: 'Go' | undefined;
}

/** Reads a part of the file that is looked at. */
export type Read = (offset: number, length: number) => Promise<Uint8Array>;

const machines: Readonly<Record<number, string>> = {
  3: 'an x86 (32-bit)',
  8: 'a MIPS',
  21: 'a PowerPC 64',
  22: 'an IBM S/390',
  40: 'an ARM (32-bit)',
  43: 'a SPARC V9',
  183: 'an ARM64',
  258: 'a LoongArch',
};

const magics: readonly { start: number[]; kind: 'foreign' | 'other'; what: string }[] = [
  { start: [0x23, 0x21], kind: 'other', what: 'a script' },
  { start: [0x4d, 0x5a], kind: 'foreign', what: 'a Windows program' },
  { start: [0xcf, 0xfa, 0xed, 0xfe], kind: 'foreign', what: 'a macOS program' },
  { start: [0xca, 0xfe, 0xba, 0xbe], kind: 'foreign', what: 'a macOS program or a Java class' },
  { start: [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e], kind: 'other', what: 'a library archive' },
  { start: [0x00, 0x61, 0x73, 0x6d], kind: 'foreign', what: 'a WebAssembly module' },
];

const recordingMagic = [0x89, 0x52, 0x56, 0x58, 0x0d, 0x0a, 0x1a, 0x0a];

const maxHeaders = 4096;
const maxNames = 1 << 20;

const begins = (b: Uint8Array, start: readonly number[]): boolean => start.every((v, i) => b[i] === v);

/** Tells what a file is. */
export async function sniff(read: Read): Promise<FileKind> {
  const head = await read(0, 64);
  if (head.length === 0) return { kind: 'other', what: 'an empty file' };
  if (begins(head, recordingMagic)) return { kind: 'recording' };
  if (begins(head, [0x7f, 0x45, 0x4c, 0x46])) return sniffELF(head, read);
  const known = magics.find((m) => begins(head, m.start));
  return known ? { kind: known.kind, what: known.what } : { kind: 'other', what: 'no executable' };
}

const view = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);

/** A 64-bit number; larger ones than a double can hold are damage, and come out as Infinity. */
function u64(d: DataView, at: number): number {
  const n = d.getBigUint64(at, true);
  return n > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(n);
}

/** Type, and numbers that are only there in the class that fits. */
async function sniffELF(head: Uint8Array, read: Read): Promise<FileKind> {
  const cut: FileKind = { kind: 'damaged', what: 'a damaged ELF file: it ends within its header' };
  if (head.length < 20) return cut;
  if (head[5] === 2) return { kind: 'foreign', what: 'a big-endian program' };
  const d = view(head);
  const machine = d.getUint16(18, true);
  const wide = head[4] === 2;
  const arch = machine === 62 ? 'x86-64' : machine === 243 ? 'riscv64' : undefined;
  if (!arch || !wide) {
    const name = arch === 'x86-64' ? 'an x32' : arch === 'riscv64' ? 'a RISC-V (32-bit)' : (machines[machine] ?? 'an unsupported');
    return { kind: 'foreign', what: `${name} program` };
  }
  if (head.length < 64) return cut;
  const type = d.getUint16(16, true);
  switch (type) {
    case 1:
      return { kind: 'unfitting', what: 'an object file: it has not been linked' };
    case 4:
      return { kind: 'unfitting', what: 'a core dump' };
    case 2:
    case 3:
      break;
    default:
      return { kind: 'damaged', what: `a damaged ELF file: its type is ${type}` };
  }
  const segments = await readSegments(d, read);
  if (!segments) return { kind: 'damaged', what: 'a damaged ELF file: its program headers can not be read' };
  // A library is what a program of position-independent code is, too, but for who loads it.
  if (type === 3 && segments.loader === undefined && !segments.pie) return { kind: 'unfitting', what: 'a shared library' };
  const sections = await readSectionNames(d, read);
  const debug = sections.some((s) => s === '.debug_info' || s === '.zdebug_info') ? 'yes' : sections.includes('.gnu_debuglink') ? 'separate' : 'no';
  const go = sections.some((s) => s === '.note.go.buildid' || s === '.gopclntab' || s === '.go.buildinfo');
  return { kind: 'program', program: { arch, loader: segments.loader, debug, language: go ? 'Go' : undefined } };
}

const typeDynamic = 2;
const typeInterp = 3;
const tagFlags1 = 0x6ffffffb;
const flagPIE = 0x08000000;

async function readSegments(d: DataView, read: Read): Promise<{ loader: string | undefined; pie: boolean } | undefined> {
  const at = u64(d, 32);
  const size = d.getUint16(54, true);
  const count = d.getUint16(56, true);
  if (count === 0 || count > maxHeaders || size !== 56 || !Number.isFinite(at)) return undefined;
  const table = await read(at, count * size);
  if (table.length < count * size) return undefined;
  const t = view(table);
  let loader: string | undefined;
  let pie = false;
  for (let i = 0; i < count; i++) {
    const type = t.getUint32(i * size, true);
    const offset = u64(t, i * size + 8);
    const length = u64(t, i * size + 32);
    if (!Number.isFinite(offset)) continue;
    if (type === typeInterp && length <= 4096) {
      const name = Buffer.from(await read(offset, length)).toString('latin1');
      loader = name.split('\0')[0] ?? '';
    } else if (type === typeDynamic && length <= 1 << 16) {
      const dynamic = view(await read(offset, length));
      for (let j = 0; j + 16 <= dynamic.byteLength; j += 16) {
        if (u64(dynamic, j) === tagFlags1 && (dynamic.getUint32(j + 8, true) & flagPIE) !== 0) pie = true;
      }
    }
  }
  return { loader, pie };
}

/** The names of the sections; none when they are damaged: a program runs without. */
async function readSectionNames(d: DataView, read: Read): Promise<string[]> {
  const at = u64(d, 40);
  const size = d.getUint16(58, true);
  const count = d.getUint16(60, true);
  const strings = d.getUint16(62, true);
  if (at === 0 || !Number.isFinite(at) || size !== 64 || count === 0 || count > maxHeaders || strings >= count) return [];
  const table = await read(at, count * size);
  if (table.length < count * size) return [];
  const t = view(table);
  const offset = u64(t, strings * size + 24);
  const length = u64(t, strings * size + 32);
  if (!Number.isFinite(offset) || length > maxNames) return [];
  const text = Buffer.from(await read(offset, length)).toString('latin1');
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const from = t.getUint32(i * size, true);
    const end = text.indexOf('\0', from);
    if (from < text.length && end >= from) names.push(text.slice(from, end));
  }
  return names;
}

/** Tells what a file is, by its path. */
export function sniffFile(files: Files, file: string): Promise<FileKind> {
  return sniff((offset, length) => files.read(file, offset, length));
}

/** Something of the workspace that can be debugged. */
export interface Candidate {
  /** Absolute. */
  file: string;
  /** Undefined for a recording. */
  program: Program | undefined;
  /** Milliseconds since 1970. */
  modified: number;
}

/** Directories that have no programs of the user's, or copies of them only. */
const passedOver = new Set([
  'node_modules',
  'CMakeFiles',
  '_deps',
  'deps', // of Cargo: copies under other names
  'incremental',
  'vendor',
  '__pycache__',
  'venv',
  'testdata',
]);

/** Names of files that are never a program, though they may be executable. */
const otherFiles = /\.(?:so(?:\..*)?|a|o|rlib|rmeta|d|c|cc|cpp|cxx|h|hpp|rs|go|s|py|sh|js|mjs|ts|json|md|txt|html|css|png|svg|toml|lock|ya?ml|dwo|dwp|ko)$/i;

/** What the search may cost. */
const limits = { depth: 5, entries: 20_000, sniffed: 600 };

/** In Cargo's build directory only these have the user's programs. */
const cargoDirs = new Set(['debug', 'release', 'examples']);

/**
 * Finds programs and recordings below a directory: where Cargo, Go, make, CMake and
 * Meson put them, which is anywhere that is not deep. Programs with debug information
 * come first, then the newest.
 */
export async function findCandidates(files: Files, root: string, cancelled: () => boolean = () => false): Promise<Candidate[]> {
  const found: Candidate[] = [];
  let entries = 0;
  let sniffed = 0;
  const queue: { dir: string; depth: number }[] = [{ dir: root, depth: 0 }];
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { dir, depth } = next;
    const list = await files.list(dir);
    const cargo = list.some((e) => e.name === 'CACHEDIR.TAG' || e.name === '.rustc_info.json') && path.basename(dir) === 'target';
    const cargoProfile = list.some((e) => e.name === '.fingerprint' && e.kind === 'directory');
    for (const e of list.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (cancelled() || ++entries > limits.entries) return sorted(found);
      const file = path.join(dir, e.name);
      if (e.kind === 'directory') {
        if (depth >= limits.depth || e.name.startsWith('.') || passedOver.has(e.name)) continue;
        if (cargo && !cargoDirs.has(e.name) && !e.name.includes('-')) continue; // a triple has a -
        if (cargoProfile && e.name !== 'examples') continue; // build: scripts of dependencies
        queue.push({ dir: file, depth: depth + 1 });
        continue;
      }
      if (e.kind !== 'file' || otherFiles.test(e.name)) continue;
      const stat = await files.stat(file);
      const recording = e.name.endsWith('.rvx');
      if (!stat || stat.size < 64 || (!stat.executable && !recording)) continue;
      if (++sniffed > limits.sniffed) return sorted(found);
      const kind = await sniffFile(files, file);
      if (kind.kind === 'program') found.push({ file, program: kind.program, modified: stat.modified });
      else if (kind.kind === 'recording') found.push({ file, program: undefined, modified: stat.modified });
    }
  }
  return sorted(found);
}

function rank(c: Candidate): number {
  if (!c.program) return 2;
  return c.program.debug === 'no' ? 1 : 0;
}

function sorted(list: Candidate[]): Candidate[] {
  return list.sort((a, b) => rank(a) - rank(b) || b.modified - a.modified || (a.file < b.file ? -1 : 1));
}
