// Runs session-test.el in a real Emacs, which gets an empty home. Skips visibly where
// Emacs or dap-mode is not there, unless CI=true, where that is a failure. Arguments
// are Lisp regular expressions for the names of the tests to run.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare, works } from '../documented.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** How long all the tests may take, in milliseconds. */
const PATIENCE = 300_000;

/** Ends the run because something is not there: green at home, red in CI. */
function absent(what) {
  const ci = process.env.CI === 'true';
  console.log(`${ci ? 'FAIL' : 'SKIP'}: the session in Emacs: ${what}`);
  process.exit(ci ? 1 : 0);
}

if (!works('emacs', '--version')) absent('there is no emacs (Debian: emacs-nox)');
if (!works('gcc', '--version')) absent('there is no gcc');
const packages = '(progn (require (quote package)) (add-to-list (quote package-directory-list) "/usr/share/emacs/site-lisp/elpa") (package-initialize))';
if (!works('emacs', '-Q', '--batch', '--eval', packages, '-l', 'dap-mode')) absent('Emacs has no dap-mode (Debian: elpa-dap-mode)');

const work = mkdtempSync(join(tmpdir(), 'revexec-emacs-'));
let status = 1;
try {
  const env = prepare(work);
  copyFileSync(join(here, 'ask.c'), join(work, 'ask.c'));
  execFileSync('gcc', ['-g', '-o', 'ask', 'ask.c'], { cwd: work, stdio: 'inherit' });
  const names = process.argv.slice(2);
  const run = names.length === 0
    ? '(ert-run-tests-batch-and-exit)'
    : `(ert-run-tests-batch-and-exit ${JSON.stringify(names.join('\\|'))})`;
  const emacs = spawnSync('emacs', ['-Q', '--batch', '-l', join(here, 'session-test.el'), '--eval', run], {
    cwd: work, env, stdio: ['ignore', 'inherit', 'inherit'], timeout: PATIENCE, killSignal: 'SIGKILL',
  });
  if (emacs.error) console.log(`FAIL: the session in Emacs: ${emacs.error.message}`);
  else if (emacs.signal) console.log(`FAIL: the session in Emacs: it was ended by ${emacs.signal}`);
  status = emacs.status ?? 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit(status);
