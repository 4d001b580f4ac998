/** A value history's page in a browser. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ValueHistory } from '../../src/protocol';
import { skip, Views, type View, type ViewOptions } from './browser';
import { valueHistory } from './data';
import { themes } from './themes';

let views: Views;

async function open(history: ValueHistory, at: number, options: ViewOptions = {}): Promise<View> {
  const view = await views.open(
    'history',
    async (name, args) => {
      if (name === 'seek') await move(view, history, Number(args['icount']));
    },
    { width: 800, height: 420, ...options },
  );
  await view.tell({ type: 'history', history, more: true, note: '' });
  await move(view, history, at);
  await view.page.locator('.row').first().waitFor();
  return view;
}

async function move(view: View, history: ValueHistory, icount: number): Promise<void> {
  const position = { icount, frontier: history.to, start: 0, thread: 1, live: icount === history.to };
  await view.tell({ type: 'state', activity: 'stopped', position });
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await done()) return;
    await new Promise((next) => setTimeout(next, 10));
  }
  assert.fail(`this never came true: ${String(done)}`);
}

describe('a value history', { skip }, () => {
  before(async () => {
    views = await Views.start();
  });
  after(async () => {
    await views.stop();
  });

  test('each write has its position, place, thread and values, and the current one is marked', async () => {
    const history = valueHistory(20);
    const write = history.occurrences[4];
    assert.ok(write);
    const view = await open(history, write.icount);
    const row = view.page.locator('.row[aria-current=true]');
    assert.equal(await row.locator('.at').innerText(), write.icount.toLocaleString('en-US'));
    assert.match(await row.innerText(), /▶/);
    assert.equal(await row.locator('.new').innerText(), write.new?.text);
    assert.equal(await row.locator('.old').innerText(), write.old?.text);
    assert.match(await row.locator('a').innerText(), /(transfer|settle), ledger\.c:\d+/);
    await move(view, history, write.icount + 1);
    await until(async () => (await row.innerText()).includes('▷'));
    assert.deepEqual(view.errors, []);
  });

  test('a click on a row goes there, one on its place opens the source, and stays', async () => {
    const history = valueHistory(20);
    const view = await open(history, 0);
    const row = view.page.locator('.row').nth(3);
    await row.locator('.at').click();
    await until(() => view.requests('seek').length === 1);
    assert.deepEqual(view.requests('seek')[0], { icount: history.occurrences[2]?.icount });
    await row.locator('a').click();
    await until(() => view.requests('open').length === 1);
    assert.deepEqual(view.requests('open')[0], {
      source: history.occurrences[2]?.source,
      line: history.occurrences[2]?.line,
    });
    assert.equal(view.requests('seek').length, 1);
  });

  test('10⁴ writes are a few dozen rows, and the last one is reached with a key', async (t) => {
    const history = valueHistory(10_000);
    const begin = performance.now();
    const view = await open(history, 0);
    t.diagnostic(`shown after ${(performance.now() - begin).toFixed(0)} ms, starting the page included`);
    assert.ok((await view.page.locator('.row').count()) < 60);
    assert.equal(await view.page.locator('[role=grid]').getAttribute('aria-rowcount'), '10002');
    await view.page.locator('.rows').focus();
    await view.page.keyboard.press('End');
    const active = view.page.locator('.row.active');
    await until(async () => (await active.getAttribute('aria-rowindex')) === '10002');
    assert.equal(
      await view.page.locator('.rows').getAttribute('aria-activedescendant'),
      await active.getAttribute('id'),
    );
    await view.page.keyboard.press('Enter');
    await until(() => view.requests('seek').length === 1);
    assert.deepEqual(view.requests('seek')[0], { icount: history.occurrences.at(-1)?.icount });
  });

  test('an incomplete history says so, and asks for more', async () => {
    const view = await open(valueHistory(1000, false), 0);
    await view.page.getByText('The newest 1,000 writes of more: older ones are not listed.').waitFor();
    await view.page.getByRole('button', { name: 'Show more' }).click();
    await until(() => view.requests('more').length === 1);
    await view.tell({ type: 'history', history: valueHistory(5000), more: true, note: '' });
    await view.page.getByRole('button', { name: 'Show more' }).waitFor({ state: 'hidden' });
  });

  test('numbers have a plot, where a click goes there; other values have none', async () => {
    const history = valueHistory(50);
    const view = await open(history, 0);
    const plot = view.page.locator('.plot canvas');
    const box = await plot.boundingBox();
    assert.ok(box);
    await plot.click({ position: { x: box.width / 2, y: 20 } });
    await until(() => view.requests('seek').length === 1);
    const there = Number(view.requests('seek')[0]?.['icount']);
    assert.ok(Math.abs(there - history.to / 2) < history.to / box.width);
    await view.tell({
      type: 'history',
      history: { ...history, occurrences: history.occurrences.map((o) => ({ ...o, new: { text: '0x7ffe' } })) },
      more: true,
      note: '',
    });
    await plot.waitFor({ state: 'hidden' });
  });

  test('it is copied, and saved as CSV', async () => {
    const view = await open(valueHistory(3), 0);
    await view.page.getByRole('button', { name: 'Save as CSV' }).click();
    await until(() => view.requests('save').length === 1);
    const lines = String(view.requests('save')[0]?.['text']).trim().split('\r\n');
    assert.equal(lines.length, 5);
    assert.equal(lines[0], 'position,thread,function,file,line,old,new');
    await view.page.getByRole('button', { name: 'Copy the table' }).click();
    await until(() => view.requests('copy').length === 1);
    await view.page.locator('.rows').focus();
    await view.page.keyboard.press('Home'); // the focus alone chooses a row only if the keyboard brought it
    await view.page.keyboard.press('Control+c');
    await until(() => view.requests('copy').length === 2);
    assert.equal(String(view.requests('copy')[1]?.['text']).trim().split('\n').length, 2, 'a row and the heading');
  });

  test('after the session the table stays, and going places says why not', async () => {
    const view = await open(valueHistory(5), 0);
    await view.tell({ type: 'state', activity: 'ended' });
    await view.page.locator('.row .at').first().click();
    await until(async () => (await view.page.locator('[role=status]').innerText()) === 'The debug session is over.');
    assert.equal(view.requests('seek').length, 0);
    assert.equal(await view.page.locator('.row').count(), 6);
  });

  test('what the program supplies is text, never markup', async () => {
    const history = valueHistory(2);
    const nasty = '<img src=x onerror="document.title=1"><b>bold</b>';
    const [first] = history.occurrences;
    assert.ok(first);
    first.new = { text: nasty };
    first.function = nasty;
    const view = await open({ ...history, name: nasty, type: nasty }, 0);
    assert.equal(await view.page.locator('img, b').count(), 0);
    assert.equal(await view.page.locator('h1').innerText(), nasty);
    assert.deepEqual(view.errors, []);
  });

  for (const theme of Object.keys(themes)) {
    for (const width of [400, 900]) {
      test(`${theme} at ${width} pixels: nothing sticks out`, async () => {
        const history = valueHistory(40);
        history.to = 400_000;
        const view = await open(history, history.occurrences[6]?.icount ?? 0, { theme, width, scale: 2 });
        await view.settled();
        assert.equal(await view.page.evaluate('document.documentElement.scrollWidth'), width);
        assert.deepEqual(view.errors, []);
        await view.picture(`history-${theme}-${width}`);
      });
    }
  }
});
