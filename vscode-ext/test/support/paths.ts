// Where things are. test/run.mjs, which bundles and starts the tests, says it in
// the environment: the bundles lie elsewhere than the sources.
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`${name} is not set: start the tests with npm run test:dap, test:host or test:e2e`);
  }
  return value;
}

/** The extension's directory. */
export const extensionRoot = required('REVEXEC_EXTENSION_ROOT');

/** The directory `test` in it. */
export const testRoot = join(extensionRoot, 'test');

/** The dap-revexec that was built for the tests. */
export function adapterBinary(): string {
  return required('REVEXEC_TEST_BINARY');
}

/** The script that starts code-server. */
export function codeServerEntry(): string {
  return required('REVEXEC_CODE_SERVER_ENTRY');
}

/** The packaged extension for this machine. */
export function packagedExtension(): string {
  return required('REVEXEC_TEST_VSIX');
}

/** A new temporary directory. Its path has no symbolic links, as the debugger shows none either. */
export function temporaryDirectory(prefix: string): string {
  return mkdtempSync(join(realpathSync(tmpdir()), `revexec-${prefix}-`));
}
