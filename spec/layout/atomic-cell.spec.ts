import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LayoutError } from '../../src/bytes/errors.js';
import { view } from '../../src/layout/view.js';
import { cells } from '../support/kernel-layouts.js';

const cell = suite('layout: atomic fields of a view');

for (const [note, buffer] of [
  ['shared memory', new SharedArrayBuffer(32)],
  ["memory of one's own", new ArrayBuffer(32)],
] as const) {
  cell(`load, store and add over ${note}`, () => {
    const v = view(cells, buffer, 8);
    v.write.store(0xfffffffe);
    assert.is(v.write.load(), 0xfffffffe);
    assert.is(v.write.add(3), 0xfffffffe, 'add gives the old value');
    assert.is(v.write.load(), 1);
    assert.is(v.read.load(), 0);
    assert.is(new DataView(buffer).getUint32(8, true), 1);
    assert.is(v.write.notify(), 0, 'nobody waits');
  });
}

cell('wait answers at once when the value is another, and after its time when none comes', () => {
  const v = view(cells, new SharedArrayBuffer(16));
  v.write.store(0x80000000);
  assert.is(v.write.wait(1), 'not-equal');
  assert.is(v.write.wait(0x80000000, 0), 'timed-out');
});

cell('a Worker wakes a waiter and sees what was stored', async () => {
  const memory = new SharedArrayBuffer(24);
  const v = view(cells, memory, 8);
  const here = (path: string) => new URL(`../../src/${path}`, import.meta.url).href;
  const worker = new Worker(
    `const { workerData } = require('node:worker_threads');
     (async () => {
       const { view } = await import(${JSON.stringify(here('layout/view.js'))});
       const { cells } = await import(${JSON.stringify(new URL('../support/kernel-layouts.js', import.meta.url).href)});
       const v = view(cells, workerData, 8);
       if (v.write.wait(0, 10000) === 'timed-out') return;
       v.read.store(v.write.load() + 1);
       v.read.notify();
     })();`,
    { eval: true, workerData: memory },
  );
  try {
    v.write.store(41);
    v.write.notify();
    assert.is.not(v.read.wait(0, 10000), 'timed-out');
    assert.is(v.read.load(), 42);
    await once(worker, 'exit');
  } finally {
    await worker.terminate();
  }
});

cell('a place that Atomics cannot reach is refused', () => {
  const buffer = new SharedArrayBuffer(64);
  for (const unaligned of [view(cells, buffer, 1), view(cells, new Uint8Array(buffer, 2, 32), 0)]) {
    assert.throws(
      () => unaligned.read,
      (error: unknown) =>
        error instanceof LayoutError &&
        error.code === 'E_ALIGN' &&
        error.path === 'read' &&
        /is not 4-byte aligned/.test(error.message),
    );
  }
  assert.is(view(cells, new Uint8Array(buffer, 2, 32), 2).read.load(), 0, 'aligned in the buffer');
});

cell('a place outside the view is refused, even where the buffer goes on', () => {
  assert.throws(() => view(cells, new Uint8Array(new ArrayBuffer(64), 0, 4)).read, RangeError);
});

cell.run();
