// A VS Code of the tests' own: code-server on a port of the loopback interface, with a
// fresh profile into which nothing but the packaged extension is installed.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { codeServerEntry } from '../support/paths';

/** What would get in the way: questions, offers, updates, and animations. */
const settings = {
  'chat.disableAIFeatures': true,
  'debug.internalConsoleOptions': 'openOnSessionStart',
  'debug.openDebug': 'openOnDebugBreak',
  'debug.toolBarLocation': 'floating',
  'editor.minimap.enabled': false,
  'editor.occurrencesHighlight': 'off',
  'editor.stickyScroll.enabled': false, // it lies over lines that are in view
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'terminal.integrated.gpuAcceleration': 'off', // its text can be read then
  'update.mode': 'none',
  'window.commandCenter': false,
  'workbench.editor.enablePreview': true,
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
};

export class CodeServer {
  private constructor(
    private readonly process: ChildProcess,
    /** Where a browser finds it. */
    readonly address: string,
  ) {}

  /** Starts one with a new profile below `state`. vsix: packages to install; own: settings beyond those above. */
  static async start(state: string, vsix: readonly string[], own: object = {}): Promise<CodeServer> {
    const user = join(state, 'user');
    mkdirSync(join(user, 'User'), { recursive: true });
    writeFileSync(join(user, 'User', 'settings.json'), JSON.stringify({ ...settings, ...own }));
    const profile = ['--config', join(state, 'config.yaml'), '--user-data-dir', user, '--extensions-dir', join(state, 'extensions')];
    // Nothing of a VS Code that these tests may be started from.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VSCODE_|NODE_OPTIONS|NODE_TEST)/.test(name)));
    const options = { env: { ...env, XDG_CONFIG_HOME: join(state, 'xdg'), XDG_DATA_HOME: join(state, 'xdg'), SHELL: '/bin/bash' } };
    for (const file of vsix) {
      await promisify(execFile)(process.execPath, [codeServerEntry(), ...profile, '--install-extension', file], options);
    }
    const child = spawn(
      process.execPath,
      [
        codeServerEntry(), ...profile, '--auth', 'none', '--bind-addr', '127.0.0.1:0',
        '--disable-telemetry', '--disable-update-check', '--disable-workspace-trust', '--disable-getting-started-override',
      ],
      { ...options, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const log = createWriteStream(join(state, 'server.log'));
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const address = await new Promise<string>((resolve, reject) => {
      createInterface(child.stdout).on('line', (line) => {
        const match = /HTTP server listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
        if (match?.[1] !== undefined) resolve(match[1]);
      });
      child.once('exit', (code) => {
        reject(new Error(`code-server ended with ${String(code)} before it listened: see ${join(state, 'server.log')}`));
      });
    });
    return new CodeServer(child, address);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    await ended;
  }
}
