// The C programs that the tests debug: test/programs/NAME.c, compiled when they
// are needed. A comment //@marker in a source names its line, so that tests don't
// have to count lines.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testRoot } from './paths';

/** A compiled program, in a directory of its own beside its source. */
export interface Program {
  readonly name: string;
  /** The directory that has both files. */
  readonly dir: string;
  /** The executable. */
  readonly path: string;
  /** The C file. */
  readonly source: string;
  /** The line of `//@marker`, from 1. */
  line(marker: string): number;
}

/** Compiles test/programs/NAME.c into a directory, with debug information and without optimisation. */
export function compile(name: string, dir: string, flags: readonly string[] = ['-g', '-O0']): Program {
  mkdirSync(dir, { recursive: true });
  const source = join(dir, `${name}.c`);
  const path = join(dir, name);
  copyFileSync(join(testRoot, 'programs', `${name}.c`), source);
  execFileSync('gcc', [...flags, `${name}.c`, '-o', name], { cwd: dir, stdio: ['ignore', 'inherit', 'inherit'] });
  const lines = readFileSync(source, 'utf8').split('\n');
  return {
    name, dir, path, source,
    line(marker) {
      const at = lines.findIndex((text) => text.trimEnd().endsWith(`//@${marker}`));
      if (at < 0) {
        throw new Error(`${name}.c has no line marked //@${marker}`);
      }
      return at + 1;
    },
  };
}
