/**
 * A webview's page in plain Chromium: the real bundle under the real content security policy, with VS Code's
 * variables around it, and a host that a test plays.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { pageText } from '../../src/webviews/pagetext';
import { extensionRoot as root } from '../support/paths';
import { themes } from './themes';

const executable = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Why the tests can't run here, or undefined. In CI, absence is a failure. */
export const skip: string | false =
  existsSync(executable) || process.env['CI'] === 'true' ? false : `no Chromium at ${executable}`;

export type Answer = (name: string, args: Record<string, unknown>) => unknown;

export interface ViewOptions {
  readonly theme?: string;
  readonly width?: number;
  readonly height?: number;
  readonly scale?: number;
  readonly state?: unknown;
  readonly forcedColors?: 'active' | 'none';
  readonly reducedMotion?: 'reduce' | 'no-preference';
}

/** One page, and what it said to its host. */
export class View {
  readonly said: { type: string; id?: number; name?: string; session?: string; arguments?: Record<string, unknown> }[] = [];
  readonly errors: string[] = [];
  state: unknown;

  constructor(readonly page: Page) {}

  /** Sends a message as the extension would. */
  async tell(message: unknown): Promise<void> {
    // A text is parsed faster as JSON than as a script; answers can have megabytes.
    await this.page.evaluate(`window.postMessage(JSON.parse(${JSON.stringify(JSON.stringify(message))}), '*')`);
  }

  requests(name: string): Record<string, unknown>[] {
    return this.said.filter((m) => m.type === 'request' && m.name === name).map((m) => m.arguments ?? {});
  }

  /** Waits until nothing is left to draw. */
  async settled(): Promise<void> {
    await this.page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  }

  async picture(name: string): Promise<void> {
    const folder = join(root, 'test-results', 'views');
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }
}

export class Views {
  private constructor(
    private readonly browser: Browser,
    private readonly server: Server,
  ) {}

  static async start(): Promise<Views> {
    const browser = await chromium.launch({
      executablePath: executable,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    const server = createServer((request, response) => {
      void serve(request.url ?? '/', response);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new Views(browser, server);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await new Promise((done) => this.server.close(done));
  }

  /** Opens a view's page: `timeline` or `history`. `answer` plays the extension's side of requests. */
  async open(name: string, answer: Answer, options: ViewOptions = {}): Promise<View> {
    // One page at a time: those of earlier tests would only take time from the next.
    await Promise.all(this.browser.contexts().map((context) => context.close()));
    const context = await this.browser.newContext({
      viewport: { width: options.width ?? 1000, height: options.height ?? 260 },
      deviceScaleFactor: options.scale ?? 1,
      forcedColors: options.forcedColors ?? 'none',
      reducedMotion: options.reducedMotion ?? 'no-preference',
    });
    const page = await context.newPage();
    const view = new View(page);
    view.state = options.state;
    page.on('pageerror', (error) => view.errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') view.errors.push(message.text());
    });
    await page.exposeFunction('hostReceives', async (message: View['said'][number]) => {
      view.said.push(message);
      if (message.type !== 'request') return;
      try {
        const result = await answer(message.name ?? '', message.arguments ?? {});
        await view.tell({ type: 'response', id: message.id, result });
      } catch (error) {
        await view.tell({
          type: 'response',
          id: message.id,
          error: error instanceof Error ? error.message : String(error),
        });
      }
    });
    await page.exposeFunction('hostKeeps', (state: unknown) => {
      view.state = state;
    });
    await page.addInitScript(`{
      let kept = ${JSON.stringify(options.state ?? null)} ?? undefined;
      window.acquireVsCodeApi = () => ({
        postMessage: (message) => hostReceives(message),
        getState: () => kept,
        setState: (next) => { kept = next; hostKeeps(next); },
      });
    }`);
    const theme = options.theme ?? 'dark';
    const port = (this.server.address() as AddressInfo).port;
    await page.goto(`http://127.0.0.1:${port}/${name}?${theme}`);
    return view;
  }
}

async function serve(url: string, response: ServerResponse): Promise<void> {
  const [path = '/', theme = 'dark'] = url.split('?');
  const found = /^\/(timeline|history)(-style\.css|-theme\.css|\.js)?$/.exec(path);
  const [, name = '', suffix] = found ?? [];
  if (found === null) {
    response.writeHead(404).end();
  } else if (suffix === '-theme.css') {
    response.setHeader('Content-Type', 'text/css');
    response.end(themeStyle(theme, name));
  } else if (suffix !== undefined) {
    response.setHeader('Content-Type', suffix === '.js' ? 'text/javascript' : 'text/css');
    response.end(await readFile(join(root, 'dist', name + suffix)));
  } else {
    const text = pageText({
      nonce: 'n0nce',
      styles: "'self'",
      style: `/${name}-style.css`,
      script: `/${name}.js`,
      title: name,
    });
    const kind = themes[theme]?.kind ?? '';
    response.setHeader('Content-Type', 'text/html');
    response.end(
      text
        .replace('</head>', `<link rel="stylesheet" href="/${name}-theme.css?${theme}">\n</head>`)
        .replace('<body>', `<body class="${kind}" data-vscode-theme-kind="${kind}">`),
    );
  }
}

/** What VS Code's frame sets on <html> from outside. */
function themeStyle(name: string, view: string): string {
  const variables = themes[name]?.variables ?? {};
  const lines = Object.entries(variables).map(([key, value]) => `--vscode-${key}: ${value};`);
  const background = variables[view === 'timeline' ? 'sideBar-background' : 'editor-background'] ?? 'Canvas';
  return `:root { ${lines.join(' ')} background: ${background}; }`;
}
