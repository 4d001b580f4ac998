import assert from 'node:assert/strict';
import test from 'node:test';
import { findBinary, fits, type Surroundings } from './binary';

function on(files: string[], more: Partial<Surroundings> = {}): Surroundings {
  return {
    platform: 'linux',
    extensionPath: '/ext',
    setting: '',
    workspace: '/ws',
    home: '/home/u',
    env: { PATH: '/usr/bin:relative:/opt/bin' },
    executable: (f) => files.includes(f),
    exists: (f) => files.includes(f) || files.includes(`${f} (not executable)`),
    ...more,
  };
}

test('the bundled debugger goes before one on the PATH', () => {
  assert.deepEqual(findBinary(on(['/ext/bin/dap-revexec', '/usr/bin/dap-revexec'])), { file: '/ext/bin/dap-revexec' });
});

test('without a bundled debugger the PATH is searched in order, its relative directories left out', () => {
  assert.deepEqual(findBinary(on(['/opt/bin/dap-revexec', 'relative/dap-revexec'])), { file: '/opt/bin/dap-revexec' });
});

test('no debugger anywhere names the place where it should be', () => {
  assert.deepEqual(findBinary(on([])), { problem: 'notBundled', file: '/ext/bin/dap-revexec' });
});

test('the setting goes before all others', () => {
  const files = ['/ext/bin/dap-revexec', '/my/dap-revexec'];
  assert.deepEqual(findBinary(on(files, { setting: ' /my/dap-revexec ' })), { file: '/my/dap-revexec' });
});

test('a setting that leads nowhere is an error, not a fallback', () => {
  const files = ['/ext/bin/dap-revexec', '/my/x (not executable)'];
  assert.deepEqual(findBinary(on(files, { setting: '/my/none' })), { problem: 'settingMissing', file: '/my/none' });
  assert.deepEqual(findBinary(on(files, { setting: '/my/x' })), { problem: 'settingNotExecutable', file: '/my/x' });
});

test('a setting may use ~, the workspace and a bare name', () => {
  const files = ['/home/u/bin/d', '/ws/tools/d', '/usr/bin/dap-revexec'];
  assert.deepEqual(findBinary(on(files, { setting: '~/bin/d' })), { file: '/home/u/bin/d' });
  assert.deepEqual(findBinary(on(files, { setting: '${workspaceFolder}/tools/d' })), { file: '/ws/tools/d' });
  assert.deepEqual(findBinary(on(files, { setting: 'tools/d' })), { file: '/ws/tools/d' });
  assert.deepEqual(findBinary(on(files, { setting: 'dap-revexec' })), { file: '/usr/bin/dap-revexec' });
});

test('Windows has its own name and separators', () => {
  const s = on(['C:\\ext\\bin\\dap-revexec.exe'], { platform: 'win32', extensionPath: 'C:\\ext', env: { Path: 'C:\\bin' } });
  assert.deepEqual(findBinary(s), { file: 'C:\\ext\\bin\\dap-revexec.exe' });
});

test('a debugger for another platform is told from one that this computer can execute', () => {
  const linux = (arch: 'x86-64' | 'riscv64') => ({ kind: 'program', program: { arch, loader: undefined, debug: 'no', language: 'Go' } }) as const;
  const foreign = (what: string) => ({ kind: 'foreign', what }) as const;
  assert.equal(fits(linux('x86-64'), 'linux', 'x64'), undefined);
  assert.equal(fits(foreign('an ARM64 program'), 'linux', 'arm64'), undefined);
  assert.equal(fits(foreign('a macOS program'), 'darwin', 'arm64'), undefined);
  assert.equal(fits(foreign('a Windows program'), 'win32', 'x64'), undefined);
  assert.equal(fits({ kind: 'other', what: 'a script' }, 'linux', 'x64'), undefined, 'a script may start it');
  assert.equal(fits(linux('x86-64'), 'darwin', 'x64'), 'a Linux program for x86-64');
  assert.equal(fits(linux('x86-64'), 'linux', 'arm64'), 'a Linux program for x86-64');
  assert.equal(fits(foreign('a Windows program'), 'linux', 'x64'), 'a Windows program');
  assert.equal(fits(foreign('an ARM64 program'), 'linux', 'x64'), 'an ARM64 program');
});
