// What the sessions in other editors are from: docs/editors.md has their program and
// the configurations, so that none of these becomes wrong unnoticed.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The document's path. */
export const guide = join(root, 'docs', 'editors.md');

/** The code block of the document that is marked with a name. */
export function documented(name) {
  const block = new RegExp(`^<!-- tested: ${name.replaceAll('.', '\\.')} -->\n\`\`\`[a-z]*\n(.*?)^\`\`\`$`, 'ms').exec(readFileSync(guide, 'utf8'));
  if (!block) throw new Error(`${guide}: no code block is marked as ${name}`);
  return block[1];
}

/** Whether a command ends well; its output does not matter. */
export function works(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 60_000 }).status === 0;
}

/**
 * Builds dap-revexec, into bin below the directory work, and the document's program,
 * bank and bank.c. Returns an environment in which dap-revexec is found, and in which
 * work is the home.
 */
export function prepare(work) {
  execFileSync('go', ['build', '-o', join(work, 'bin', 'dap-revexec'), './cmd/dap-revexec'], { cwd: root, stdio: 'inherit' });
  writeFileSync(join(work, 'bank.c'), documented('bank.c'));
  execFileSync('gcc', ['-g', '-o', 'bank', 'bank.c'], { cwd: work, stdio: 'inherit' });
  return {
    ...process.env,
    HOME: work,
    PATH: join(work, 'bin') + delimiter + process.env.PATH,
    REVEXEC_DOCUMENT: guide,
    REVEXEC_WORK: work,
  };
}
