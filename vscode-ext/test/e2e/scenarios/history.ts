// Questions to the history: who wrote this, which values had it, when was this printed,
// and the Timeline view.
import assert from 'node:assert/strict';
import type { Stage } from '../stage';
import { webview } from '../workbench';

/** The status bar's item in the past. */
const past = /[\d,]+ of [\d,]+ \([\d.]+ %\)/;

export const history = {
  'A variable’s menu goes to its last write': async (s: Stage) => {
    await s.debug(s.ledger, ['book-end']);
    await s.bench.debug.variableMenu('cost', 'Go to Last Write');
    await s.bench.debug.at(s.ledger.line('call-fee'));
    await s.bench.status(past).waitFor();
  },

  'A variable’s menu shows the values that it had': async (s: Stage) => {
    await s.debug(s.ledger, ['print']);
    await s.bench.debug.variable('day', '1').waitFor();
    await s.bench.debug.click('Continue');
    await s.bench.debug.variable('day', '2').waitFor();
    await s.bench.debug.variableMenu('day', 'Show Value History');
    const page = await webview(s.bench.page, (frame) => frame.getByRole('grid', { name: 'Writes' }));
    await page.getByRole('row', { name: /\b2\b/ }).first().waitFor();
    await page.getByRole('row', { name: /\b1\b/ }).first().waitFor();
  },

  'A click into the Timeline goes there, and keys go on there': async (s: Stage) => {
    await s.debug(s.ledger, ['last']);
    await s.bench.debug.at(s.ledger.line('last'));
    await s.bench.status(/live/).waitFor();
    const page = await webview(s.bench.page, (frame) => frame.getByRole('slider'));
    const axis = page.getByRole('slider');
    const box = await axis.boundingBox();
    assert.ok(box);
    await axis.click({ position: { x: box.width / 2, y: 8 } });
    await s.bench.status(past).waitFor();
    await s.bench.editor.focused();
    // VS Code gives the focus to the editor at each stop; who works with the keyboard gets it back.
    await axis.press('End');
    await page.evaluate("window.again = new Promise((focused) => addEventListener('focus', () => focused(), { once: true })), 0");
    await axis.press('Enter');
    await s.bench.status(/live/).waitFor();
    await page.evaluate('window.again');
    await s.bench.page.keyboard.press('Home');
    await s.bench.page.keyboard.press('Enter');
    await s.bench.status(/\b0 of/).waitFor();
  },

  'A line of output in the debug console leads to its moment': async (s: Stage) => {
    await s.debug(s.ledger, ['last']);
    await s.bench.debug.at(s.ledger.line('last'));
    await s.bench.console.follow('day 2: 27');
    await s.bench.status(past).waitFor();
    await s.bench.debug.frame('main').click();
    await s.bench.debug.variable('day', '2').waitFor();
    assert.equal(await s.bench.notification('running').count(), 0, 'the link is followed once');
  },

  'The moment of a line of output is chosen from a list': async (s: Stage) => {
    await s.debug(s.ledger, ['last']);
    await s.bench.debug.at(s.ledger.line('last'));
    await s.bench.command('Revexec: Go to the Moment It Was Printed');
    await s.bench.quick.choose('day 3: 54');
    await s.bench.status(past).waitFor();
    await s.bench.debug.frame('main').click();
    await s.bench.debug.variable('day', '3').waitFor();
  },

  'A moment is bookmarked, and gone back to': async (s: Stage) => {
    await s.debug(s.ledger, ['print']);
    await s.bench.debug.variable('day', '1').waitFor();
    await s.bench.command('Revexec: Bookmark This Moment');
    await s.bench.quick.answer('Bookmark this moment', 'first day');
    await s.bench.debug.click('Continue');
    await s.bench.debug.variable('day', '2').waitFor();
    await s.bench.command('Revexec: Go to Bookmark');
    await s.bench.quick.choose('first day');
    await s.bench.debug.variable('day', '1').waitFor();
    await s.bench.status(past).waitFor();
  },

  'A search that takes long shows its progress, and VS Code’s button cancels it': async (s: Stage) => {
    await s.debug(s.march, ['last']);
    await s.bench.debug.at(s.march.line('last'));
    await s.bench.status(/live/).waitFor();
    const before = await s.bench.position();
    // A hundred million executions have to be looked at.
    await s.bench.editor.breakIf(s.march.line('step'), 'i == -1');
    await s.bench.debug.click('Reverse');
    const progress = s.bench.notification(/revers|back/i);
    await progress.waitFor();
    await s.picture('progress-of-a-search');
    await s.bench.cancel(progress);
    await s.bench.debug.at(s.march.line('last'));
    await s.bench.status(/live/).waitFor();
    assert.equal(await s.bench.position(), before);
    await s.bench.debug.click('Step Back');
    await s.bench.status(past).waitFor();
  },

  'Words in the debug console move, too': async (s: Stage) => {
    await s.debug(s.ledger, ['last']);
    await s.bench.debug.at(s.ledger.line('last'));
    await s.bench.console.type('last-write balance');
    await s.bench.debug.at(s.ledger.line('write'));
    await s.bench.debug.frame('book').waitFor();
  },

  'From a crash the last write of the pointer is the culprit': async (s: Stage) => {
    await s.debug(s.crash, []);
    await s.bench.debug.at(s.crash.line('crash'));
    await s.bench.console.type('last-write week.name');
    await s.bench.debug.at(s.crash.line('culprit'));
    await s.bench.debug.variable('i').waitFor();
  },
};
