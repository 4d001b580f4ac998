/** Files in memory, for tests. */

import type { Entry, Files, Stat } from '../files';

export interface MemoryFile {
  data?: Uint8Array;
  executable?: boolean;
  modified?: number;
}

/** A file system with the files of an object: path → contents. Directories are those that they lie in. */
export function memoryFiles(all: Readonly<Record<string, MemoryFile>>): Files {
  const paths = Object.keys(all);
  const isDirectory = (p: string): boolean => paths.some((f) => f.startsWith(`${p}/`));
  return {
    list(dir) {
      const names = new Map<string, Entry['kind']>();
      for (const f of paths) {
        if (!f.startsWith(`${dir}/`)) continue;
        const [name = '', ...rest] = f.slice(dir.length + 1).split('/');
        names.set(name, rest.length > 0 ? 'directory' : 'file');
      }
      return Promise.resolve([...names].map(([name, kind]) => ({ name, kind })));
    },
    stat(path) {
      const f = all[path];
      const s: Stat | undefined = f
        ? { kind: 'file', size: f.data?.length ?? 0, modified: f.modified ?? 0, executable: f.executable ?? true }
        : isDirectory(path)
          ? { kind: 'directory', size: 0, modified: 0, executable: true }
          : undefined;
      return Promise.resolve(s);
    },
    read(path, offset, length) {
      return Promise.resolve(all[path]?.data?.subarray(offset, offset + length) ?? new Uint8Array());
    },
  };
}

/** What {@link elf} makes. */
export interface ELFOptions {
  machine?: number;
  type?: number;
  class?: number;
  data?: number;
  loader?: string;
  pie?: boolean;
  sections?: string[];
}

/** Makes an ELF file with the headers that a look at it reads. */
export function elf(o: ELFOptions = {}): Uint8Array {
  const names = ['', ...(o.sections ?? ['.text', '.debug_info']), '.shstrtab'];
  const loader = o.loader === undefined ? undefined : Buffer.from(`${o.loader}\0`, 'latin1');
  const strings = Buffer.from(names.map((n) => `${n}\0`).join(''), 'latin1');
  const segments = 1 + (loader ? 1 : 0) + 1;
  const phoff = 64;
  const loaderAt = phoff + segments * 56;
  const dynamicAt = loaderAt + (loader?.length ?? 0);
  const stringsAt = dynamicAt + 32;
  const shoff = stringsAt + strings.length;
  const b = Buffer.alloc(shoff + names.length * 64);
  b.set([0x7f, 0x45, 0x4c, 0x46, o.class ?? 2, o.data ?? 1, 1]);
  b.writeUInt16LE(o.type ?? 2, 16);
  b.writeUInt16LE(o.machine ?? 62, 18);
  b.writeBigUInt64LE(BigInt(phoff), 32);
  b.writeBigUInt64LE(BigInt(shoff), 40);
  b.writeUInt16LE(56, 54);
  b.writeUInt16LE(segments, 56);
  b.writeUInt16LE(64, 58);
  b.writeUInt16LE(names.length, 60);
  b.writeUInt16LE(names.length - 1, 62);
  let ph = phoff;
  const segment = (type: number, offset: number, size: number): void => {
    b.writeUInt32LE(type, ph);
    b.writeBigUInt64LE(BigInt(offset), ph + 8);
    b.writeBigUInt64LE(BigInt(size), ph + 32);
    ph += 56;
  };
  segment(1, 0, 64);
  if (loader) {
    segment(3, loaderAt, loader.length);
    b.set(loader, loaderAt);
  }
  segment(2, dynamicAt, 32);
  if (o.pie) {
    b.writeBigUInt64LE(0x6ffffffbn, dynamicAt);
    b.writeBigUInt64LE(0x08000000n, dynamicAt + 8);
  }
  b.set(strings, stringsAt);
  let name = 0;
  names.forEach((n, i) => {
    b.writeUInt32LE(name, shoff + i * 64);
    if (i === names.length - 1) {
      b.writeBigUInt64LE(BigInt(stringsAt), shoff + i * 64 + 24);
      b.writeBigUInt64LE(BigInt(strings.length), shoff + i * 64 + 32);
    }
    name += n.length + 1;
  });
  return b;
}
