/** The file system, as far as the extension looks at it: an interface, so that tests can give their own. */

import * as fs from 'node:fs';

/** What there is in a directory. */
export interface Entry {
  name: string;
  kind: 'file' | 'directory' | 'other';
}

export interface Stat {
  kind: 'file' | 'directory' | 'other';
  /** Bytes. */
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
  /** Somebody may execute it. Always true where systems know no such thing. */
  executable: boolean;
}

/** Nothing here throws: what can't be read is not there. */
export interface Files {
  list(dir: string): Promise<Entry[]>;
  stat(path: string): Promise<Stat | undefined>;
  /** Reads up to `length` bytes from `offset` on; fewer at the end of the file. */
  read(path: string, offset: number, length: number): Promise<Uint8Array>;
}

function kindOf(e: { isFile(): boolean; isDirectory(): boolean }): Entry['kind'] {
  return e.isFile() ? 'file' : e.isDirectory() ? 'directory' : 'other';
}

/** The files of this computer. */
export const disk: Files = {
  async list(dir) {
    try {
      const entries = await fs.promises.readdir(dir, { withFileTypes: true });
      return entries.map((e) => ({ name: e.name, kind: kindOf(e) }));
    } catch {
      return [];
    }
  },
  async stat(path) {
    try {
      const s = await fs.promises.stat(path);
      return {
        kind: kindOf(s),
        size: s.size,
        modified: s.mtimeMs,
        executable: process.platform === 'win32' || (s.mode & 0o111) !== 0,
      };
    } catch {
      return undefined;
    }
  },
  async read(path, offset, length) {
    let file: fs.promises.FileHandle | undefined;
    try {
      file = await fs.promises.open(path, 'r');
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    } catch {
      return new Uint8Array();
    } finally {
      await file?.close();
    }
  },
};
