// The workbench as a user sees it: what can be clicked, typed and read. Scenarios use
// these objects only; the selectors of VS Code's own pages are here and nowhere else.
// Nothing sleeps: each method returns when the page shows what it waits for.
import type { Frame, Locator, Page } from 'playwright-core';

/** A text as a regular expression that matches it literally. */
export function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The whole window. */
export class Workbench {
  readonly debug: DebugView;
  readonly editor: Editor;
  readonly console: DebugConsole;
  readonly terminal: Terminal;
  readonly quick: QuickInput;

  constructor(readonly page: Page) {
    this.debug = new DebugView(this);
    this.editor = new Editor(this);
    this.console = new DebugConsole(this);
    this.terminal = new Terminal(this);
    this.quick = new QuickInput(page);
  }

  /** Opens a folder, in a workbench without anything left of an earlier one. */
  async open(address: string, folder: string): Promise<void> {
    await this.page.goto(`${address}/?folder=${encodeURIComponent(folder)}`);
    await this.page.locator('.monaco-workbench .part.statusbar .statusbar-item').first().waitFor({ timeout: 60_000 });
    await this.page.locator('.explorer-folders-view .monaco-list-row').first().waitFor({ timeout: 60_000 });
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Runs a command by its title in the palette. */
  async command(title: string): Promise<void> {
    await this.press('F1');
    await this.quick.input.waitFor();
    await this.quick.input.fill(`>${title}`);
    await this.quick.choose(title);
  }


  /** Chooses an item of the context menu that is open. */
  async menu(label: string): Promise<void> {
    const item = this.page.locator('.context-view .monaco-menu .action-item', { hasText: label }).first();
    await item.waitFor();
    // A menu takes no click in the first moments, so that the click that opens it does not choose from it.
    await item.hover();
    await item.click({ delay: 50 });
    await item.waitFor({ state: 'hidden' });
  }

  /** A message at the lower right. */
  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-list-item', { hasText: text }).first();
  }

  /** Cancels what a message at the lower right tells the progress of. */
  async cancel(progress: Locator): Promise<void> {
    await progress.getByRole('button', { name: 'Cancel', exact: true }).click();
    await progress.waitFor({ state: 'detached' });
  }

  /** A message box in the middle. */
  dialog(text: string | RegExp): Locator {
    return this.page.locator('.monaco-dialog-box', { hasText: text });
  }

  /** Starts a launch configuration, and waits for nothing. In a new window they may not be known yet: then again. */
  async startAnyway(configuration: string): Promise<void> {
    const row = this.page.locator('.quick-input-widget .monaco-list-row').filter({ has: this.page.getByText(configuration, { exact: true }) }).first();
    for (let attempt = 1; ; attempt++) {
      await this.press('Control+p');
      await this.quick.input.fill(`debug ${configuration}`);
      try {
        await row.click({ timeout: 3000 });
        return;
      } catch (e) {
        if (attempt === 10) throw e;
        await this.press('Escape');
      }
    }
  }

  /** A message of ours, wherever VS Code shows it. */
  message(text: RegExp): Locator {
    return this.notification(text).or(this.dialog(text)).first();
  }

  /** Closes all messages. */
  async dismiss(): Promise<void> {
    await this.press('Escape');
    await this.command('Notifications: Clear All Notifications');
  }

  /** The position in history that the status bar shows. */
  async position(): Promise<number> {
    const text = await this.status(/[\d,]+ (·|of)/).innerText();
    return Number(/[\d,]+/.exec(text)?.[0].replaceAll(',', ''));
  }

  /** An item of the status bar. */
  status(text: string | RegExp): Locator {
    return this.page.locator('.part.statusbar .statusbar-item', { hasText: text }).first();
  }

  /** Opens a file of the workspace by its name, in the explorer: searching for it would need ripgrep. */
  async file(name: string): Promise<void> {
    await this.press('Control+Shift+E');
    await this.entry(name).dblclick();
    await this.page.locator('.tab.active', { hasText: name }).waitFor();
    await this.editor.lines.first().waitFor();
  }

  /** Opens the menu of a file in the explorer. */
  async fileMenu(name: string, label: string): Promise<void> {
    await this.press('Control+Shift+E');
    await this.entry(name).click({ button: 'right' });
    await this.menu(label);
  }

  private entry(name: string): Locator {
    return this.page.locator('.explorer-folders-view .monaco-list-row').filter({ has: this.page.getByText(name, { exact: true }) });
  }
}

/** The list, or the input box, that drops down from the top. */
export class QuickInput {
  constructor(private readonly page: Page) {}

  get input(): Locator {
    return this.page.locator('.quick-input-widget .quick-input-box input').first();
  }

  row(text: string | RegExp): Locator {
    return this.page.locator('.quick-input-widget .monaco-list-row', { hasText: text }).first();
  }

  async choose(text: string | RegExp): Promise<void> {
    await this.row(text).click();
  }

  /** Answers the question of an input box. */
  async answer(title: string, text: string): Promise<void> {
    const box = this.page.locator('.quick-input-widget', { has: this.page.locator('.quick-input-title', { hasText: title }) });
    await box.waitFor();
    await this.input.fill(text);
    await this.page.keyboard.press('Enter');
    await box.waitFor({ state: 'hidden' });
  }
}

/** The editor that has the focus, with a source. */
export class Editor {
  /** Whether breakpoints may have been set. */
  brokeSomewhere = false;

  constructor(private readonly bench: Workbench) {}

  private get group(): Locator {
    return this.bench.page.locator('.editor-group-container.active .editor-instance .monaco-editor').first();
  }

  get lines(): Locator {
    return this.group.locator('.view-line');
  }

  /** Scrolls to a line, if it is not in view: an editor that is opened again is where it was before. */
  private async reveal(line: number): Promise<void> {
    if (await this.number(line).isVisible()) return;
    await this.bench.press('Control+g');
    await this.bench.quick.input.fill(`:${line}`);
    await this.bench.quick.row(`line ${line}`).waitFor();
    await this.bench.press('Enter');
    await this.number(line).waitFor();
  }

  /** The number of a line, beside it. It has to be in view. */
  number(line: number): Locator {
    return this.group.locator('.margin-view-overlays .line-numbers').filter({ hasText: new RegExp(`^\\s*${line}\\s*$`) });
  }

  /** Puts the cursor on a line. */
  async cursor(line: number): Promise<void> {
    await this.number(line).click();
    await this.bench.status(new RegExp(`Ln \\d+, Col`)).waitFor();
  }

  /** Clicks beside a line's number, where breakpoints are. */
  async gutter(line: number): Promise<void> {
    const box = await this.number(line).boundingBox();
    if (!box) throw new Error(`line ${line} is not in view`);
    await this.bench.page.mouse.click(box.x - 10, box.y + box.height / 2);
  }

  /** Waits until it has the focus: VS Code gives it to the editor last of all when a program has stopped. */
  async focused(): Promise<void> {
    await this.bench.page.locator('.part.editor .monaco-editor.focused').waitFor();
  }

  /** The red dots. */
  get breakpoints(): Locator {
    return this.group.locator('.glyph-margin-widgets .codicon-debug-breakpoint');
  }

  /** Sets a breakpoint by a click. The extension that makes breakpoints possible may not be known yet: then again. */
  async breakAt(line: number): Promise<void> {
    const before = await this.breakpoints.count();
    this.brokeSomewhere = true;
    await this.reveal(line);
    for (let attempt = 1; ; attempt++) {
      await this.gutter(line);
      try {
        await this.breakpoints.nth(before).waitFor({ timeout: 2000 });
        return;
      } catch (e) {
        if (attempt === 10) throw e;
      }
    }
  }

  /** Sets a breakpoint with a condition. */
  async breakIf(line: number, condition: string): Promise<void> {
    this.brokeSomewhere = true;
    await this.lineMenu(line, 'Add Conditional Breakpoint');
    await this.group.locator('.breakpoint-widget .monaco-editor.focused').waitFor();
    await this.bench.page.keyboard.insertText(condition);
    await this.bench.press('Enter');
    await this.group.locator('.glyph-margin-widgets .codicon-debug-breakpoint-conditional').first().waitFor();
  }

  /** Opens the menu of a line's number. */
  async lineMenu(line: number, label: string): Promise<void> {
    await this.reveal(line);
    await this.number(line).click({ button: 'right' });
    await this.bench.menu(label);
  }
}

/** Run and Debug: the tool bar, the call stack, the variables. */
export class DebugView {
  constructor(private readonly bench: Workbench) {}

  private get page(): Page {
    return this.bench.page;
  }

  /** A button of the tool bar, by the beginning of its name. */
  button(name: string): Locator {
    return this.page.locator(`.debug-toolbar .action-label`).and(this.page.getByRole('button', { name: new RegExp(`^${literally(name)}( \\(|$)`) })).first();
  }

  async click(name: string): Promise<void> {
    await this.button(name).click();
  }

  /** Shows the view: variables are asked for only while it is visible. */
  async show(): Promise<void> {
    await this.bench.press('Control+Shift+D');
    await this.page.locator('.debug-pane, .debug-viewlet, [id="workbench.view.debug"]').first().waitFor();
  }

  get frames(): Locator {
    return this.page.locator('.debug-call-stack .stack-frame');
  }

  /** Waits until the program is stopped at a line. */
  async at(line: number): Promise<void> {
    await this.frames.first().locator('.line-number', { hasText: new RegExp(`^${line}:`) }).waitFor();
  }

  /** A frame of the call stack, by its function. */
  frame(name: string): Locator {
    return this.frames.filter({ has: this.page.locator('.label', { hasText: new RegExp(`^${literally(name)}$`) }) }).first();
  }

  async frameMenu(name: string, label: string): Promise<void> {
    await this.frame(name).click({ button: 'right' });
    await this.bench.menu(label);
  }

  /** A row of the variables, `name` and what is shown after it. */
  variable(name: string, value: string | RegExp = ''): Locator {
    return this.page.locator('.debug-variables .monaco-list-row').filter({ has: this.page.locator('.name', { hasText: new RegExp(`^${literally(name)}\\b`) }) }).filter({ hasText: value }).first();
  }

  async variableMenu(name: string, label: string): Promise<void> {
    await this.variable(name).click({ button: 'right' });
    await this.bench.menu(label);
  }

  async stop(): Promise<void> {
    if (await this.page.locator('.debug-toolbar').isVisible()) await this.bench.press('Shift+F5');
    await this.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
  }
}

/** The debug console. */
export class DebugConsole {
  constructor(private readonly bench: Workbench) {}

  async show(): Promise<void> {
    await this.bench.press('Control+Shift+Y');
    await this.bench.page.locator('.repl').waitFor();
  }

  /** A line of output, or of an answer. */
  line(text: string | RegExp): Locator {
    return this.bench.page.locator('.repl .monaco-list-row', { hasText: text }).first();
  }

  /** Clicks the link at the right end of a line of output. */
  async follow(text: string): Promise<void> {
    await this.line(text).locator('.source').click();
  }

  /** Types a line. */
  async type(text: string): Promise<void> {
    await this.bench.page.locator('.repl .repl-input-wrapper .monaco-editor').click();
    await this.bench.page.keyboard.type(text);
    await this.bench.press('Escape', 'Enter');
  }
}

/** The integrated terminal. */
export class Terminal {
  constructor(private readonly bench: Workbench) {}

  private get rows(): Locator {
    return this.bench.page.locator('.terminal-wrapper.active .xterm-rows').first();
  }

  /** Brings it to the front: the debug console may be there. */
  async show(): Promise<void> {
    await this.bench.page.locator('.part.panel .composite-bar .action-item', { hasText: /^terminal$/i }).click();
    await this.rows.waitFor();
  }

  /** Waits until it shows a text. */
  async shows(text: string): Promise<void> {
    await this.rows.filter({ hasText: text }).waitFor();
  }

  async type(text: string): Promise<void> {
    await this.bench.page.locator('.terminal-wrapper.active textarea.xterm-helper-textarea').focus();
    await this.bench.page.keyboard.type(text);
  }
}

/** The page of ours, inside a view or a panel, in which something is: VS Code puts each into two frames. */
export async function webview(page: Page, has: (frame: Frame) => Locator): Promise<Frame> {
  const patience = Date.now() + 20_000;
  while (Date.now() < patience) {
    for (const frame of page.frames()) {
      // Frames come and go while the page is loaded.
      if (frame.parentFrame() !== null && (await has(frame).count().catch(() => 0)) > 0) {
        await has(frame).first().waitFor();
        return frame;
      }
    }
    await page.evaluate("new Promise(requestAnimationFrame)");
  }
  throw new Error(`no page has ${String(has)}`);
}
