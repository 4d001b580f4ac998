// Starts VS Code with the suite of test/host/suite in its extension host, and tells what
// it found.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startBrowser } from '../editor/browser';
import { CodeServer } from '../editor/codeServer';
import { adapterBinary, extensionRoot, temporaryDirectory } from '../support/paths';
import { compile } from '../support/programs';
import type { Result } from './suite/index';

test('inside the extension host', async (t) => {
  const state = temporaryDirectory('host');
  const workspace = join(state, 'workspace');
  compile('ledger', workspace);
  // In a browser's VS Code the machine's settings are those of the server.
  mkdirSync(join(state, 'user', 'Machine'), { recursive: true });
  writeFileSync(join(state, 'user', 'Machine', 'settings.json'), JSON.stringify({ 'revexec.path': adapterBinary() }));
  const file = join(state, 'results.json');
  process.env['REVEXEC_HOST_RESULTS'] = file;

  const server = await CodeServer.start(state, []);
  t.after(() => server.stop());
  const browser = await startBrowser();
  t.after(() => browser.close());
  const page = await browser.newPage();
  const done = new Promise<number>((resolve) => {
    void page.exposeFunction('codeAutomationExit', resolve);
  });
  await page.exposeFunction('codeAutomationLog', () => undefined);
  const remote = `vscode-remote://${new URL(server.address).host}`;
  const payload = JSON.stringify([
    ['extensionDevelopmentPath', remote + extensionRoot],
    ['extensionTestsPath', `${remote}${extensionRoot}/out/test/host/suite/index`],
  ]);
  await page.goto(`${server.address}/?folder=${encodeURIComponent(workspace)}&payload=${encodeURIComponent(payload)}`);
  assert.equal(await done, 0, `the suite itself failed: see ${join(state, 'server.log')}`);

  const results = JSON.parse(readFileSync(file, 'utf8')) as Result[];
  assert.ok(results.length > 0);
  for (const { name, failure } of results) {
    await t.test(name, () => {
      if (failure !== undefined) assert.fail(failure);
    });
  }
});
