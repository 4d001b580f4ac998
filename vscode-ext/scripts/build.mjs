// Bundles the extension (dist/extension.js) and what runs in its webviews
// (src/NAME/webview/main.ts → dist/NAME.js, and main.css beside it → dist/NAME-style.css).
//
//   node scripts/build.mjs [--watch] [--production]
//   node scripts/build.mjs --tests      the unit tests, src/**/*.test.ts → out/unit/
import * as esbuild from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const flags = new Set(process.argv.slice(2));
for (const f of flags) {
  if (!['--watch', '--production', '--tests'].includes(f)) throw new Error(`build: unknown argument ${f}`);
}
const production = flags.has('--production');

/** @type {esbuild.BuildOptions} */
const common = { bundle: true, logLevel: 'warning', sourcemap: production ? false : 'linked', minify: production, legalComments: 'none' };
/** @type {esbuild.BuildOptions} */
const node = { ...common, platform: 'node', target: 'node18', format: 'cjs', external: ['vscode'] };

/** Files below a directory, relative to the root, that a predicate takes. */
function files(dir, take) {
  return fs
    .readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => path.join(e.parentPath ?? e.path, e.name))
    .filter(take)
    .sort();
}

/** The webviews' files as entry points, by the name of what is made of them. */
function webviews() {
  const entries = {};
  for (const name of fs.readdirSync('src')) {
    for (const [file, made] of [['main.ts', name], ['main.css', `${name}-style`]]) {
      const path = `src/${name}/webview/${file}`;
      if (fs.existsSync(path)) entries[made] = path;
    }
  }
  return entries;
}

/** @returns {esbuild.BuildOptions[]} */
function jobs() {
  if (flags.has('--tests')) {
    fs.rmSync('out/unit', { recursive: true, force: true });
    const tests = files('src', (f) => f.endsWith('.test.ts'));
    return [{ ...node, entryPoints: tests, outdir: 'out/unit', outbase: 'src', sourcemap: 'inline', minify: false }];
  }
  fs.rmSync('dist', { recursive: true, force: true });
  /** @type {esbuild.BuildOptions[]} */
  const list = [{ ...node, entryPoints: { extension: 'src/extension.ts' }, outdir: 'dist' }];
  const entryPoints = webviews();
  if (Object.keys(entryPoints).length > 0) {
    list.push({ ...common, platform: 'browser', target: 'chrome114', format: 'iife', entryPoints, outdir: 'dist' });
  }
  return list;
}

if (flags.has('--watch')) {
  for (const job of jobs()) await (await esbuild.context({ ...job, logLevel: 'info' })).watch();
} else {
  for (const job of jobs()) await esbuild.build(job);
}
