// Builds the debugger, bundles the tests of one suite (dap, host, e2e or views) with what
// they import, and runs them with node's test runner.
//
//   node test/run.mjs SUITE [PATTERN]     PATTERN: only tests whose names match
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { entry, install } from './editor/install.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'out', 'test');

// What there is to a suite: how many test files run at once; whether it needs VS Code; how
// long a test file may take, in milliseconds; bundles that node's test runner does not run.
const suites = {
  dap: { concurrency: 2, editor: false, timeout: 120_000, bundles: [] },
  host: { concurrency: 1, editor: true, timeout: 180_000, bundles: ['test/host/suite/index.ts'] },
  e2e: { concurrency: 1, editor: true, timeout: 900_000, bundles: [] },
  // The webviews' pages in a browser of their own: they need the extension's bundles in place of the debugger.
  views: { concurrency: 1, editor: false, pages: true, timeout: 900_000, bundles: [] },
};

const [name, pattern] = process.argv.slice(2);
const suite = suites[name];
if (!suite) {
  console.error(`usage: node test/run.mjs ${Object.keys(suites).join('|')} [PATTERN]`);
  process.exit(2);
}

function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error) {
    console.error(`${command}: ${error.message}`);
    process.exit(1);
  }
  if (status !== 0) {
    process.exit(signal ? 1 : status);
  }
}

// The package for this machine: the one that REVEXEC_TEST_VSIX names, or a new one.
function packaged() {
  if (process.env.REVEXEC_TEST_VSIX) return process.env.REVEXEC_TEST_VSIX;
  const target = `${process.platform}-${process.arch}`;
  run(process.execPath, ['scripts/package.mjs', '--target', target], { cwd: root });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return join(root, 'build', `revexec-${target}-${version}.vsix`);
}

mkdirSync(out, { recursive: true });
const binary = join(out, 'dap-revexec');
if (suite.pages) run(process.execPath, ['scripts/build.mjs'], { cwd: root });
else run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', binary, './cmd/dap-revexec'], {
  cwd: dirname(root),
  env: { ...process.env, CGO_ENABLED: '0' },
});

const environment = { REVEXEC_EXTENSION_ROOT: root, REVEXEC_TEST_BINARY: binary };
if (suite.editor) {
  environment.REVEXEC_CODE_SERVER_ENTRY = entry(install());
  if (name === 'e2e') environment.REVEXEC_TEST_VSIX = packaged();
  else run(process.execPath, ['scripts/build.mjs'], { cwd: root });
}

const folder = join(root, 'test', name);
const tests = readdirSync(folder).filter((file) => file.endsWith('.test.ts'));
rmSync(join(out, name), { recursive: true, force: true });
await build({
  entryPoints: [...tests.map((file) => join(folder, file)), ...suite.bundles.map((file) => join(root, file))],
  outdir: join(out, name),
  outbase: folder,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: 'inline',
  external: ['vscode', 'playwright-core'],
  logLevel: 'warning',
});

const selection = pattern === undefined ? [] : [`--test-name-pattern=${pattern}`];
run(
  process.execPath,
  [
    '--enable-source-maps', '--test', '--test-reporter=spec', `--test-timeout=${suite.timeout}`, `--test-concurrency=${suite.concurrency}`, ...selection,
    ...tests.map((file) => join(out, name, file.replace(/\.ts$/, '.js'))),
  ],
  { cwd: root, env: { ...process.env, ...environment } },
);
