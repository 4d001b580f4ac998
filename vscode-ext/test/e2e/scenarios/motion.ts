// Moving in both directions: keys, the tool bar's buttons, menus of lines and frames.
import assert from 'node:assert/strict';
import { Gaps } from '../gaps';
import type { Stage } from '../stage';

export const motion = {
  'F5 runs to a breakpoint that was set by a click': async (s: Stage) => {
    await s.bench.file('ledger.c');
    await s.bench.editor.breakAt(s.ledger.line('call-book'));
    await s.bench.debug.show();
    await s.bench.press('F5');
    await s.bench.debug.at(s.ledger.line('call-book'));
    await s.bench.debug.variable('day', '1').waitFor();
  },

  'Step Over goes on a line, Step Back undoes it': async (s: Stage) => {
    await s.debug(s.ledger, ['call-book']);
    await s.bench.debug.at(s.ledger.line('call-book'));
    await s.bench.debug.click('Step Over');
    await s.bench.debug.at(s.ledger.line('print'));
    await s.bench.debug.click('Step Back');
    await s.bench.debug.at(s.ledger.line('call-book'));
  },

  'Step Back again and again takes neither the variables nor the current line away': async (s: Stage) => {
    await s.debug(s.ledger, ['print']);
    for (const day of ['1', '2']) {
      await s.bench.debug.variable('day', day).waitFor();
      await s.bench.debug.click('Continue');
    }
    await s.bench.debug.variable('day', '3').waitFor();
    const gaps = await Gaps.watch(s.bench.page, {
      variables: '.debug-variables .monaco-list-row',
      line: '.editor-instance .view-overlays .debug-top-stack-frame-line',
    });
    const stops = ['call-book', 'days', 'print', 'call-book', 'days', 'print'];
    for (const marker of stops) {
      await s.bench.debug.click('Step Back');
      await s.bench.debug.at(s.ledger.line(marker));
    }
    await s.bench.debug.variable('day', '1').waitFor();
    const { variables, line } = await gaps.end();
    assert.equal(variables?.times, 0, 'the variables are there all the time');
    // VS Code itself takes it away while a program moves, and puts it where the program is: nothing may make it do so twice.
    assert.ok(line && line.times <= stops.length, `the current line was away ${JSON.stringify(line)}`);
  },

  'Reverse goes to the latest earlier breakpoint, and to the start of history': async (s: Stage) => {
    await s.debug(s.ledger, ['print']);
    await s.bench.debug.variable('day', '1').waitFor();
    await s.bench.debug.click('Continue');
    await s.bench.debug.variable('day', '2').waitFor();
    await s.bench.debug.click('Continue');
    await s.bench.debug.variable('day', '3').waitFor();
    await s.bench.debug.click('Reverse');
    await s.bench.debug.variable('day', '2').waitFor();
    await s.bench.debug.click('Reverse');
    await s.bench.debug.variable('day', '1').waitFor();
    await s.bench.debug.click('Reverse');
    await s.bench.status(/\b0 of [\d,]+ \(0 %\)/).waitFor();
  },

  'Reverse Step Into goes into a call that is over, Reverse Step Out back to the call': async (s: Stage) => {
    await s.debug(s.ledger, ['write']);
    await s.bench.debug.at(s.ledger.line('write'));
    await s.bench.debug.click('Reverse Step Into');
    await s.bench.debug.frame('fee').waitFor();
    await s.bench.debug.click('Reverse Step Out');
    await s.bench.debug.at(s.ledger.line('call-fee'));
  },

  'The start and the end of history are a button away': async (s: Stage) => {
    await s.debug(s.ledger, ['last']);
    await s.bench.debug.at(s.ledger.line('last'));
    await s.bench.debug.click('Go to the Start of History');
    await s.bench.status(/\b0 of [\d,]+ \(0 %\)/).waitFor();
    await s.bench.debug.click('Go to the End of History (Live)');
    await s.bench.debug.at(s.ledger.line('last'));
  },

  'A line’s menu goes to its previous execution': async (s: Stage) => {
    await s.debug(s.ledger, ['last']);
    await s.bench.debug.at(s.ledger.line('last'));
    await s.bench.editor.lineMenu(s.ledger.line('print'), 'Previous Execution');
    await s.bench.debug.at(s.ledger.line('print'));
    await s.bench.debug.variable('day', '5').waitFor();
  },

  'A frame’s menu goes back to its call': async (s: Stage) => {
    await s.debug(s.ledger, ['fee-return']);
    await s.bench.debug.at(s.ledger.line('fee-return'));
    await s.bench.debug.frameMenu('book', 'Back to This Call');
    await s.bench.debug.at(s.ledger.line('call-fee'));
  },
};
