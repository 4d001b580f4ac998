// Runs inside VS Code's extension host, with the real `vscode` API and no page. Results
// go to the file that REVEXEC_HOST_RESULTS names, for host.test.ts to tell.
import { writeFileSync } from 'node:fs';
import { cases } from './cases';

export interface Result {
  readonly name: string;
  readonly milliseconds: number;
  /** Why it failed; absent: it passed. */
  readonly failure?: string;
}

/** How long one case may take, in milliseconds. */
const deadline = 60_000;

export async function run(): Promise<void> {
  const results: Result[] = [];
  for (const [name, body] of Object.entries(cases)) {
    const start = performance.now();
    let failure: string | undefined;
    let late: NodeJS.Timeout | undefined;
    try {
      await Promise.race([
        body(),
        new Promise<never>((_, reject) => {
          late = setTimeout(() => {
            reject(new Error(`not done after ${deadline} ms`));
          }, deadline);
        }),
      ]);
    } catch (e) {
      failure = e instanceof Error ? (e.stack ?? e.message) : String(e);
    } finally {
      clearTimeout(late);
    }
    results.push({ name, milliseconds: performance.now() - start, ...(failure === undefined ? {} : { failure }) });
  }
  const file = process.env['REVEXEC_HOST_RESULTS'];
  if (file === undefined) throw new Error('REVEXEC_HOST_RESULTS is not set');
  writeFileSync(file, JSON.stringify(results));
}
