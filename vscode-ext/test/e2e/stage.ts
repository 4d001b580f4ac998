// What a scenario plays on: a workspace with compiled programs, the editor, a page.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../editor/browser';
import { CodeServer } from '../editor/codeServer';
import { extensionRoot, packagedExtension, temporaryDirectory } from '../support/paths';
import { compile, type Program } from '../support/programs';
import { Workbench } from './workbench';

/** Where screenshots are kept. */
const pictures = join(extensionRoot, 'test-results');

/** How long a scenario waits for what has to appear, in milliseconds. */
const patience = Number(process.env['REVEXEC_PATIENCE'] ?? 30_000);

/** Launch configurations of the workspace, by name. */
const configurations = [
  { name: 'ledger', program: '${workspaceFolder}/ledger' },
  { name: 'ledger from main', program: '${workspaceFolder}/ledger', stopOnEntry: true },
  { name: 'nothing', program: '${workspaceFolder}/nowhere' },
  { name: 'crash', program: '${workspaceFolder}/crash' },
  { name: 'march', program: '${workspaceFolder}/march', args: ['100'] }, // 10⁹ instructions
  { name: 'greet', program: '${workspaceFolder}/greet', console: 'integratedTerminal' },
].map((c) => ({ type: 'revexec', request: 'launch', ...c }));

async function newWindow(browser: Browser): Promise<Workbench> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(patience);
  return new Workbench(await context.newPage());
}

export class Stage {
  private constructor(
    private readonly server: CodeServer,
    private readonly browser: Browser,
    readonly workspace: string,
    /** A folder with a program and no launch.json. */
    readonly bare: string,
    readonly ledger: Program,
    readonly crash: Program,
    readonly greet: Program,
    readonly march: Program,
    public bench: Workbench,
  ) {}

  /** Starts the editor with the packaged extension in a fresh profile. */
  static async build(): Promise<Stage> {
    mkdirSync(pictures, { recursive: true });
    const state = temporaryDirectory('e2e');
    const workspace = join(state, 'workspace');
    const bare = join(state, 'bare');
    const [ledger, crash, greet, march] = ['ledger', 'crash', 'greet', 'march'].map((name) => compile(name, workspace)) as [Program, Program, Program, Program];
    compile('ledger', bare);
    mkdirSync(join(workspace, '.vscode'));
    writeFileSync(join(workspace, '.vscode', 'launch.json'), JSON.stringify({ version: '0.2.0', configurations }, null, 2));
    const [server, browser] = await Promise.all([CodeServer.start(state, [packagedExtension()]), startBrowser()]);
    const stage = new Stage(server, browser, workspace, bare, ledger, crash, greet, march, await newWindow(browser));
    await stage.bench.open(server.address, workspace);
    return stage;
  }

  async strike(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
  }

  /** Opens a folder in a new window, in which nothing is left of what was done in the one before. */
  async open(folder: string): Promise<void> {
    await this.bench.page.context().close();
    this.bench = await newWindow(this.browser);
    await this.bench.open(this.server.address, folder);
  }

  /** Makes the window as it was at the beginning: no session, no breakpoints, no editors. Returns why it can't be. */
  async reset(): Promise<string | undefined> {
    try {
      await this.bench.debug.stop();
      if (this.bench.editor.brokeSomewhere) await this.bench.command('Remove All Breakpoints');
      this.bench.editor.brokeSomewhere = false;
      await this.bench.press('Control+k', 'Control+w'); // closes all editors
      await this.bench.page.locator('.part.editor .tab').first().waitFor({ state: 'detached' });
      return undefined;
    } catch (e) {
      return String(e);
    }
  }

  /** Keeps a picture of the page. */
  async picture(name: string): Promise<void> {
    await this.bench.page.screenshot({ path: join(pictures, `${name}.png`) });
  }

  /** Opens a program's source, sets breakpoints by clicks, and starts a configuration of the same name. */
  async debug(program: Program, markers: readonly string[], configuration = program.name): Promise<void> {
    await this.bench.file(`${program.name}.c`);
    for (const marker of markers) await this.bench.editor.breakAt(program.line(marker));
    await this.start(configuration);
  }

  /** Starts a launch configuration by its name, with Run and Debug in view: VS Code does not open it at each stop. */
  async start(configuration: string): Promise<void> {
    await this.bench.debug.show();
    await this.bench.startAnyway(configuration);
    await this.bench.debug.button('Step Over').waitFor();
  }
}
