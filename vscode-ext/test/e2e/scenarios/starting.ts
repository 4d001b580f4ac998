// How a session starts: without a launch.json, with a terminal, with what can't work,
// of a recording; and the disassembly.
import assert from 'node:assert/strict';
import type { Stage } from '../stage';

export const starting = {
  'F5 without a launch.json offers the executables of the workspace': async (s: Stage) => {
    await s.open(s.bare);
    await s.bench.file('ledger.c');
    await s.bench.editor.breakAt(s.ledger.line('print'));
    await s.bench.press('F5');
    await s.bench.quick.choose(/ledger/);
    await s.bench.debug.at(s.ledger.line('print'));
    await s.bench.debug.stop();
    await s.open(s.workspace);
  },

  'A program that is not there is said to be missing': async (s: Stage) => {
    await s.bench.startAnyway('nothing');
    await s.bench.message(/nowhere does not exist/).waitFor();
    await s.bench.dismiss();
  },

  'A recording is opened by its menu in the Explorer, at its end': async (s: Stage) => {
    await s.debug(s.ledger, ['last']);
    await s.bench.debug.at(s.ledger.line('last'));
    const end = await s.bench.position();
    await s.bench.console.type(`save ${s.workspace}/session.rvx`);
    await s.bench.console.line(/saved icount 0 to/).waitFor();
    await s.bench.debug.stop();
    await s.bench.fileMenu('session.rvx', 'Open Recording');
    await s.bench.debug.show();
    await s.bench.debug.at(s.ledger.line('last'));
    assert.equal(await s.bench.position(), end);
    await s.bench.debug.click('Step Back');
    await s.bench.debug.at(s.ledger.line('days'));
    await s.bench.debug.variable('day', '5').waitFor();
  },

  'A program reads from the terminal once, however often one goes back': async (s: Stage) => {
    await s.debug(s.greet, ['greet']);
    await s.bench.terminal.show();
    await s.bench.terminal.shows('name?');
    await s.bench.terminal.type('Ada\n');
    await s.bench.debug.at(s.greet.line('greet'));
    await s.bench.debug.variable('name', 'Ada').waitFor();
    await s.bench.debug.click('Go to the Start of History');
    await s.bench.status(/\b0 of/).waitFor();
    await s.bench.debug.click('Continue');
    await s.bench.debug.at(s.greet.line('greet'));
    await s.bench.debug.variable('name', 'Ada').waitFor();
    await s.bench.debug.click('Step Over');
    await s.bench.terminal.shows('hello Ada');
  },

  'In the disassembly Step Back goes back by one instruction': async (s: Stage) => {
    await s.debug(s.ledger, ['write']);
    await s.bench.debug.at(s.ledger.line('write'));
    await s.bench.debug.frame('book').click({ button: 'right' });
    await s.bench.menu('Open Disassembly View');
    await s.bench.page.locator('.disassembly-view .monaco-list-row').first().click();
    const before = await s.bench.position();
    await s.bench.debug.click('Step Back');
    await s.bench.status(/ of /).waitFor();
    assert.equal(await s.bench.position(), before - 1);
  },
};
