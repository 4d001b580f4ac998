// Makes the packages that are installed into an editor, one for each platform, with the
// debugger compiled for it: build/revexec-TARGET-VERSION.vsix.
//
//   node scripts/package.mjs [--target linux-x64]… [--binary FILE]
//
// --binary takes a debugger that was built before, for one target.
import { createVSIX } from '@vscode/vsce';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { faults } from './contents.mjs';

/** VS Code's names of platforms, and Go's. */
const targets = {
  'linux-x64': ['linux', 'amd64'],
  'linux-arm64': ['linux', 'arm64'],
  'darwin-x64': ['darwin', 'amd64'],
  'darwin-arm64': ['darwin', 'arm64'],
  'win32-x64': ['windows', 'amd64'],
  'win32-arm64': ['windows', 'arm64'],
};

/** A package must not be larger, in bytes. */
const limit = 15_000_000;

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const { values } = parseArgs({ options: { target: { type: 'string', multiple: true }, binary: { type: 'string' } } });
const wanted = values.target ?? Object.keys(targets);
for (const t of wanted) {
  if (!(t in targets)) fail(`there is no target ${t}; there are: ${Object.keys(targets).join(', ')}`);
}
if (values.binary !== undefined && wanted.length !== 1) fail('--binary is for one target: name it with --target');

function fail(why) {
  console.error(`package: ${why}`);
  process.exit(1);
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error) fail(`${command}: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed`);
}

const { version } = JSON.parse(fs.readFileSync('package.json', 'utf8'));
run(process.execPath, ['scripts/build.mjs', '--production']);
fs.mkdirSync('build', { recursive: true });

const wrong = [];
for (const target of wanted) {
  const [goos, goarch] = targets[target];
  // What was compiled for another platform must not get into this package.
  fs.rmSync('bin', { recursive: true, force: true });
  fs.mkdirSync('bin');
  const binary = path.join('bin', goos === 'windows' ? 'dap-revexec.exe' : 'dap-revexec');
  if (values.binary === undefined) {
    run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', path.resolve(binary), './cmd/dap-revexec'], {
      cwd: path.dirname(root),
      env: { ...process.env, GOOS: goos, GOARCH: goarch, CGO_ENABLED: '0' },
    });
  } else {
    fs.copyFileSync(values.binary, binary);
  }
  fs.chmodSync(binary, 0o755);
  const packagePath = path.join('build', `revexec-${target}-${version}.vsix`);
  await createVSIX({ cwd: root, packagePath, target, dependencies: false, allowMissingRepository: true, skipLicense: true });
  const { size } = fs.statSync(packagePath);
  console.log(`${packagePath}: ${(size / 1e6).toFixed(1)} MB (the debugger in it ${(fs.statSync(binary).size / 1e6).toFixed(1)} MB unpacked)`);
  if (size > limit) wrong.push(`${packagePath} is larger than ${limit / 1e6} MB`);
  wrong.push(...faults(packagePath).map((what) => `${packagePath}: ${what}`));
}
fs.rmSync('bin', { recursive: true, force: true }); // it would be started from here, too
if (wrong.length > 0) fail(wrong.join('\n'));
