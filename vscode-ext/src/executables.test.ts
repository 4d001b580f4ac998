import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import test from 'node:test';
import { findCandidates, sniff, type FileKind } from './executables';
import { elf, memoryFiles, type MemoryFile } from './testing/files';

const look = (data: Uint8Array): Promise<FileKind> => sniff((offset, length) => Promise.resolve(data.subarray(offset, offset + length)));

test('a Linux program is told with its architecture, its loader and whether it has debug information', async () => {
  assert.deepEqual(await look(elf({ loader: '/lib64/ld-linux-x86-64.so.2', type: 3 })), {
    kind: 'program',
    program: { arch: 'x86-64', loader: '/lib64/ld-linux-x86-64.so.2', debug: 'yes', language: undefined },
  });
  assert.deepEqual(await look(elf({ machine: 243, sections: ['.text'] })), {
    kind: 'program',
    program: { arch: 'riscv64', loader: undefined, debug: 'no', language: undefined },
  });
  const separate = await look(elf({ sections: ['.gnu_debuglink'] }));
  assert.equal(separate.kind === 'program' && separate.program.debug, 'separate');
  const go = await look(elf({ sections: ['.zdebug_info', '.note.go.buildid'] }));
  assert.ok(go.kind === 'program' && go.program.debug === 'yes' && go.program.language === 'Go');
});

test('a shared library is told from a position-independent program without a loader', async () => {
  assert.equal((await look(elf({ type: 3 }))).kind, 'unfitting');
  assert.equal((await look(elf({ type: 3, pie: true }))).kind, 'program');
});

test('what can not be run is named', async () => {
  const what = async (data: Uint8Array): Promise<string> => {
    const k = await look(data);
    return 'what' in k ? `${k.kind}: ${k.what}` : k.kind;
  };
  const bytes = (s: string): Uint8Array => Buffer.from(s, 'latin1');
  assert.equal(await what(elf({ machine: 183 })), 'foreign: an ARM64 program');
  assert.equal(await what(elf({ machine: 243, class: 1 })), 'foreign: a RISC-V (32-bit) program');
  assert.equal(await what(elf({ machine: 9999 })), 'foreign: an unsupported program');
  assert.equal(await what(elf({ data: 2 })), 'foreign: a big-endian program');
  assert.equal(await what(elf({ type: 1 })), 'unfitting: an object file: it has not been linked');
  assert.equal(await what(elf({ type: 4 })), 'unfitting: a core dump');
  assert.equal(await what(bytes('MZ\x90')), 'foreign: a Windows program');
  assert.equal(await what(bytes('#!/bin/sh\n')), 'other: a script');
  assert.equal(await what(bytes('hello')), 'other: no executable');
  assert.equal(await what(bytes('')), 'other: an empty file');
  assert.equal(await what(bytes('\x89RVX\r\n\x1a\n…')), 'recording');
});

test('an ELF file cut off anywhere, or with any byte damaged, is looked at without failing', async () => {
  const whole = elf({ loader: '/lib/ld.so', type: 3, pie: true });
  for (let n = 0; n < whole.length; n++) {
    const k = await look(whole.subarray(0, n));
    if (n < 64) assert.notEqual(k.kind, 'program', `cut at ${n}`);
  }
  for (let at = 0; at < whole.length; at++) {
    for (const v of [0, 1, 0x7f, 0xff]) {
      const damaged = Uint8Array.from(whole);
      damaged[at] = v;
      assert.ok((await look(damaged)).kind);
    }
  }
});

test('numbers beyond the file do not make it read much', async () => {
  const hostile = Uint8Array.from(elf({ loader: '/lib/ld.so' }));
  new DataView(hostile.buffer).setBigUint64(64 + 56 + 32, 1n << 62n, true); // the loader's length
  let most = 0;
  await sniff((offset, length) => {
    most = Math.max(most, length);
    return Promise.resolve(hostile.subarray(offset, offset + length));
  });
  assert.ok(most <= 1 << 20, `read ${most} bytes`);
});

test("this test's own interpreter is looked at as the system sees it", { skip: process.platform !== 'linux' || process.arch !== 'x64' }, async () => {
  const file = fs.openSync(process.execPath, 'r');
  const k = await sniff((offset, length) => {
    const b = Buffer.alloc(length);
    return Promise.resolve(b.subarray(0, fs.readSync(file, b, 0, length, offset)));
  });
  fs.closeSync(file);
  assert.ok(k.kind === 'program' && k.program.arch === 'x86-64' && k.program.loader?.includes('ld-'));
});

test('programs are found where builds put them: those to be debugged first, the newest before older ones', async () => {
  const program = (modified: number, sections?: string[]): MemoryFile => ({ data: elf(sections ? { sections } : {}), modified });
  const files = memoryFiles({
    '/ws/Makefile': { data: new Uint8Array(100), executable: false },
    '/ws/prog': program(10),
    '/ws/stripped': program(99, ['.text']),
    '/ws/prog.c': { data: elf() },
    '/ws/libx.so.1': { data: elf() },
    '/ws/notes': { data: Buffer.alloc(100, 'x') },
    '/ws/run.rvx': { data: Buffer.concat([Buffer.from('\x89RVX\r\n\x1a\n', 'latin1'), Buffer.alloc(100)]), executable: false },
    '/ws/build/CMakeFiles/a': program(50),
    '/ws/build/app': program(20),
    '/ws/target/CACHEDIR.TAG': {},
    '/ws/target/debug/.fingerprint/x': {},
    '/ws/target/debug/crate': program(30),
    '/ws/target/debug/deps/crate-1234': program(30),
    '/ws/target/debug/build/dep/build-script-build': program(30),
    '/ws/target/debug/examples/demo': program(25),
    '/ws/target/riscv64gc-unknown-linux-gnu/release/crate': program(29),
    '/ws/target/doc/thing': program(31),
    '/ws/node_modules/x/bin': program(40),
    '/ws/.git/hooks/x': program(40),
    '/ws/a/b/c/d/e/deepest': program(5),
    '/ws/a/b/c/d/e/f/too-deep': program(5),
  });
  const found = await findCandidates(files, '/ws');
  assert.deepEqual(
    found.map((c) => c.file),
    [
      '/ws/target/debug/crate',
      '/ws/target/riscv64gc-unknown-linux-gnu/release/crate',
      '/ws/target/debug/examples/demo',
      '/ws/build/app',
      '/ws/prog',
      '/ws/a/b/c/d/e/deepest',
      '/ws/stripped',
      '/ws/run.rvx',
    ],
  );
  assert.equal(found.at(-1)!.program, undefined);
});

test('a search that is cancelled ends with what it has', async () => {
  const files = memoryFiles({ '/ws/a': { data: elf() }, '/ws/b': { data: elf() }, '/ws/c': { data: elf() } });
  let asked = 0;
  const found = await findCandidates(files, '/ws', () => ++asked > 2);
  assert.deepEqual(found.map((c) => c.file), ['/ws/a', '/ws/b']);
});
