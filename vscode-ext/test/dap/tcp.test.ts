// Sessions over TCP: several at once, each with a history of its own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { temporaryDirectory } from '../support/paths';
import { compile } from '../support/programs';
import { Debuggee, Server } from './debuggee';

const ledger = compile('ledger', temporaryDirectory('dap-tcp'));
let server: Server;

before(async () => { server = await Server.listen(); });
after(async () => { assert.equal(await server.close(), 0, 'the exit code of the server'); });

test('sessions that run at the same time know nothing of each other', async (t) => {
  const sessions = await Promise.all([1, 2, 3].map(() => Debuggee.overTcp(t, server)));
  await Promise.all(sessions.map(async (d, i) => {
    await d.launch(ledger);
    await d.breakAt(ledger, ['print', { condition: `day == ${(i + 2).toString()}` }]);
    await d.client.configurationDoneRequest();
    await d.stopped('breakpoint');
  }));
  for (const [i, d] of sessions.entries()) {
    assert.equal(await d.value('day'), (i + 2).toString());
    await d.breakAt(ledger, 'print');
    await d.move('reverseContinue', 'breakpoint');
    assert.equal(await d.value('day'), (i + 1).toString());
  }
  const positions = await Promise.all(sessions.map(async (d) => (await d.ask<{ icount: number }>('revexec/where')).icount));
  assert.equal(new Set(positions).size, 3);
});

test('a client that goes away without a word harms no other', async (t) => {
  const [gone, stays] = await Promise.all([Debuggee.overTcp(t, server), Debuggee.overTcp(t, server)]);
  await stays.start(ledger);
  await gone.start(ledger);
  gone.drop();
  await stays.move('next');
  await stays.move('stepBack');
  const next = await Debuggee.overTcp(t, server);
  await next.start(ledger);
});
