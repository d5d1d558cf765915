import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CpuRig } from '../support/cpu-rig.js';
import { WorkerRun } from '../support/worker-run.js';
import type { DyingTask } from './dying-worker.js';
import { refuses } from './thrown.js';

const workers = suite('hypercall pages, Workers as CPUs');
const DYING_WORKER = new URL('./dying-worker.js', import.meta.url);

for (const separateOutput of [false, true]) {
  const form = separateOutput ? 'input and output page' : 'both areas in one page';

  workers(`COM-03, PVI-40: no two CPUs share a page, nothing around the areas is written (${form})`, async () => {
    const reports = await new CpuRig(3, separateOutput).run([[0], [1], [2]], 3000);
    assert.equal(
      reports.map(({ claimed, refused }) => [claimed, refused]),
      [
        [3000, 0],
        [3000, 0],
        [3000, 0],
      ],
    );
  });

  workers(`COM-03: a CPU that is in a hypercall is refused to every other Worker (${form})`, async () => {
    const reports = await new CpuRig(2, separateOutput, false).run(
      [
        [0, 1],
        [1, 0],
        [0, 1],
      ],
      2000,
    );
    for (const { claimed, gpas } of reports) {
      assert.is(claimed, 2000);
      assert.is(gpas.length, 2, 'each Worker had both CPUs, and each its one page');
    }
  });
}

for (const end of ['exit', 'wait'] as const) {
  workers(`a Worker that dies with a page (${end}): refused until reclaimed, then clean and usable`, async () => {
    const rig = new CpuRig(2, false);
    const task: DyingTask = {
      memory: rig.memory.handle,
      frames: rig.frames.words,
      pages: rig.pages.words,
      end,
    };
    const run = new WorkerRun(DYING_WORKER, task);
    try {
      const owner = await run.first();
      refuses('E_REENTRY', () => rig.pages.claim(0, 8, 0));
      if (end === 'wait') await run.worker.terminate();
      await run.ended;

      assert.is(rig.pages.holder(0), owner);
      assert.is.not(owner, rig.pages.owner);
      refuses('E_REENTRY', () => rig.pages.claim(0, 8, 0));
      refuses('E_REENTRY', () => rig.pages.release(0));
      rig.pages.withInputPage(1, 8, 0, () => undefined);
      assert.is(rig.pages.reclaim(0, rig.pages.owner), false, 'not the one that has it');
      assert.is(rig.pages.reclaim(1), false, 'nobody has it');
      assert.is(rig.pages.reclaim(0, Number(owner)), true);
      assert.is(rig.pages.reclaim(0, Number(owner)), false);
      rig.pages.withInputPage(0, 4096, 0, ({ input }) => {
        for (let at = 0; at < 4096; at++) assert.is(input.getUint8(at), 0, `byte ${at}`);
      });
      rig.requireCanaries();
      await rig.run([[0], [1]], 200);
    } finally {
      await run.worker.terminate();
    }
  });
}

workers.run();
