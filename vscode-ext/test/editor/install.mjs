// Installs code-server, which is VS Code served to a browser, from npm alone: no
// download from elsewhere, no script of a package but those that build the native
// modules that are needed. Prints the directory. Does nothing where it is installed.
//
//   node test/editor/install.mjs [DIR]      default: $REVEXEC_CODE_SERVER, or .e2e/code-server-VERSION
//
// Wants python3, make, g++ and node's headers (npm's nodedir, or node's own prefix).
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** VS Code 1.100.3. It wants Node 20. */
export const version = '4.100.3';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** Where code-server is, or is to be. */
export function directory() {
  return process.env.REVEXEC_CODE_SERVER || path.join(root, '.e2e', `code-server-${version}`);
}

/** The script that starts it. */
export function entry(dir = directory()) {
  return path.join(dir, 'node_modules', 'code-server', 'out', 'node', 'entry.js');
}

function run(cwd, command, ...args) {
  // npm's settings for this package are not meant for that one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(config_(?!.*(registry|cache|proxy|nodedir|userconfig|cafile))|package_|lifecycle_)/i.test(name)));
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env: { ...env, npm_config_build_from_source: 'true' }, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} in ${cwd}: ${error?.message ?? `${stdout}\n${stderr}`}`);
  return stdout.trim();
}

/** The headers of this node, for modules that are compiled. */
function headers(cwd) {
  const configured = process.env.npm_config_nodedir || run(cwd, 'npm', 'config', 'get', 'nodedir');
  if (configured && configured !== 'undefined' && configured !== 'null') return configured;
  const prefix = path.dirname(path.dirname(fs.realpathSync(process.execPath)));
  return fs.existsSync(path.join(prefix, 'include', 'node', 'node.h')) ? prefix : undefined;
}

/** Installs it, if it is not there. Returns the directory. */
export function install(dir = directory()) {
  const done = path.join(dir, 'installed');
  if (fs.existsSync(done) || (process.env.REVEXEC_CODE_SERVER && fs.existsSync(entry(dir)))) return dir;
  fs.rmSync(dir, { recursive: true, force: true });
  fs.mkdirSync(dir, { recursive: true });
  fs.writeFileSync(path.join(dir, 'package.json'), '{"private":true}\n');
  const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  run(dir, 'npm', ...npm, `code-server@${version}`);

  const vscode = path.join(dir, 'node_modules', 'code-server', 'lib', 'vscode');
  run(vscode, 'npm', ...npm, '--omit=dev');
  run(path.join(vscode, 'extensions'), 'npm', ...npm, '--omit=dev');
  // argon2 is loaded at the start; node-pty makes terminals. What else is native VS Code does without.
  const nodedir = headers(dir);
  const where = nodedir ? [`--nodedir=${nodedir}`] : [];
  const modules = path.join(dir, 'node_modules');
  run(path.join(modules, 'argon2'), process.execPath, path.join(modules, '@mapbox', 'node-pre-gyp', 'bin', 'node-pre-gyp'), 'install', '--build-from-source', ...where);
  const gyp = path.join(run(dir, 'npm', 'root', '-g'), 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  run(path.join(vscode, 'node_modules', 'node-pty'), process.execPath, gyp, 'rebuild', ...where);
  for (const [link, target] of [['node_modules.asar', 'node_modules'], ['bin/remote-cli/code-server', 'code-linux.sh'], ['bin/helpers/browser.sh', 'browser-linux.sh']]) {
    fs.rmSync(path.join(vscode, link), { force: true });
    fs.symlinkSync(target, path.join(vscode, link));
  }
  fs.writeFileSync(done, `${version}\n`);
  return dir;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(install(process.argv[2]));
