// Runs session-test.el in a real Emacs: builds dap-revexec and the program to debug,
// and gives Emacs an empty home. Skips visibly where Emacs or dap-mode is not there,
// unless CI=true, where that is a failure. Arguments are Lisp regular expressions
// for the names of the tests to run.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..', '..');

/** What the session is from: its program, and the Lisp for people's init files. */
const guide = join(root, 'docs', 'editors.md');

/** How long all the tests may take, in milliseconds. */
const PATIENCE = 300_000;

/** Ends the run because something is not there: green at home, red in CI. */
function absent(what) {
  const ci = process.env.CI === 'true';
  console.log(`${ci ? 'FAIL' : 'SKIP'}: the session in Emacs: ${what}`);
  process.exit(ci ? 1 : 0);
}

/** The code block of the guide that is marked with a name. */
function documented(name) {
  const block = new RegExp(`^<!-- tested: ${name.replaceAll('.', '\\.')} -->\n\`\`\`[a-z]*\n(.*?)^\`\`\`$`, 'ms').exec(readFileSync(guide, 'utf8'));
  if (!block) throw new Error(`${guide}: no code block is marked as ${name}`);
  return block[1];
}

/** Whether a command ends well; its output does not matter. */
function works(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 60_000 }).status === 0;
}

if (!works('emacs', '--version')) absent('there is no emacs (Debian: emacs-nox)');
if (!works('gcc', '--version')) absent('there is no gcc');
const packages = '(progn (require (quote package)) (add-to-list (quote package-directory-list) "/usr/share/emacs/site-lisp/elpa") (package-initialize))';
if (!works('emacs', '-Q', '--batch', '--eval', packages, '-l', 'dap-mode')) absent('Emacs has no dap-mode (Debian: elpa-dap-mode)');

const work = mkdtempSync(join(tmpdir(), 'revexec-emacs-'));
let status = 1;
try {
  execFileSync('go', ['build', '-o', join(work, 'bin', 'dap-revexec'), './cmd/dap-revexec'], { cwd: root, stdio: 'inherit' });
  writeFileSync(join(work, 'bank.c'), documented('bank.c'));
  execFileSync('gcc', ['-g', '-o', 'bank', 'bank.c'], { cwd: work, stdio: 'inherit' });

  const names = process.argv.slice(2);
  const run = names.length === 0
    ? '(ert-run-tests-batch-and-exit)'
    : `(ert-run-tests-batch-and-exit ${JSON.stringify(names.join('\\|'))})`;
  const emacs = spawnSync('emacs', ['-Q', '--batch', '-l', join(here, 'session-test.el'), '--eval', run], {
    cwd: work,
    stdio: 'inherit',
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
    env: {
      ...process.env,
      HOME: work,
      PATH: join(work, 'bin') + delimiter + process.env.PATH,
      REVEXEC_DOCUMENT: guide,
      REVEXEC_WORK: work,
    },
  });
  if (emacs.error) console.log(`FAIL: the session in Emacs: ${emacs.error.message}`);
  status = emacs.status ?? 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit(status);
