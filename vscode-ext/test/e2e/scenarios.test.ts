// A real VS Code with the packaged extension, driven as a user drives it. Each scenario
// starts from an empty window, and leaves a picture in test-results/.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { scenarios } from './scenarios';
import { Stage } from './stage';

let stage: Stage | undefined;
let dirty = false; // whether the next scenario needs a new window

before(async () => { stage = await Stage.build(); });
after(async () => { await stage?.strike(); });

for (const [name, play] of Object.entries(scenarios)) {
  const file = name.replace(/[^a-z0-9]+/gi, '-');
  test(name, async (t) => {
    assert.ok(stage);
    if (dirty) await stage.open(stage.workspace);
    dirty = true; // until it has been cleaned up
    try {
      await play(stage);
      await stage.picture(file);
    } catch (e) {
      await stage.picture(`FAILED-${file}`);
      throw e;
    }
    const left = await stage.reset();
    dirty = left !== undefined;
    if (left !== undefined) t.diagnostic(`the next scenario needs a new window: ${left}`);
  });
}
