// Runs session.lua in a real Neovim with nvim-dap, which no package of Debian's
// brings: NVIM_DAP says where it lies, and without that this skips. Not a part of CI;
// for trying another version by hand:
//
//	NVIM_DAP=~/src/nvim-dap node test/nvim/run.mjs
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { documented, prepare, works } from '../documented.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const plugin = process.env.NVIM_DAP;
if (!plugin || !works('nvim', '--version')) {
  console.log('SKIP: the session in Neovim: NVIM_DAP does not say where nvim-dap is, or there is no nvim');
  process.exit(0);
}

const work = mkdtempSync(join(tmpdir(), 'revexec-nvim-'));
let status = 1;
try {
  const env = prepare(work);
  writeFileSync(join(work, 'config.lua'), documented('nvim-dap'));
  const nvim = spawnSync('nvim', ['--headless', '-u', 'NONE', '--cmd', `set runtimepath^=${plugin}`, '-c', `luafile ${join(here, 'session.lua')}`], {
    cwd: work, env, stdio: ['ignore', 'inherit', 'inherit'], timeout: 120_000, killSignal: 'SIGKILL',
  });
  if (nvim.error) console.log(`FAIL: the session in Neovim: ${nvim.error.message}`);
  status = nvim.status ?? 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit(status);
