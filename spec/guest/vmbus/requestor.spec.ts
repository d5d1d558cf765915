import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RequestIds } from '../../../src/guest/vmbus/requestor.js';

const ids = suite('VPCI-92, VPCI-95: ids of requests');
const handler = () => (): void => undefined;

ids('1 to 64, the lowest free one first; 0 is none; a full table gives none', () => {
  const table = new RequestIds(64);
  for (let n = 1n; n <= 64n; n++) assert.is(table.add(handler()), n);
  assert.is(table.add(handler()), undefined);
  assert.is(table.outstanding, 64);
  assert.is(table.take(0n), undefined);
  assert.type(table.take(17n), 'function');
  assert.is(table.add(handler()), 17n);
});

ids('an id that the host made up finds nothing and breaks nothing', () => {
  const table = new RequestIds(4);
  const mine = handler();
  const id = table.add(mine)!;
  for (const wild of [0n, 2n, 5n, -1n, 0xffff_ffff_ffff_ffffn, 1n << 63n, (1n << 32n) | 1n])
    assert.is(table.take(wild), undefined, String(wild));
  assert.is(table.take(id), mine);
  assert.is(table.take(id), undefined, 'a second completion');
  assert.is(table.outstanding, 0);
});

ids('an abort that comes late does not take the next request of the same id', () => {
  const table = new RequestIds(1);
  const first = handler();
  const id = table.add(first)!;
  assert.is(table.take(id), first);
  const second = handler();
  assert.is(table.add(second), id);
  assert.is(table.remove(id, first), false);
  assert.is(table.outstanding, 1);
  assert.is(table.remove(id, second), true);
  assert.is(table.outstanding, 0);
});

ids.run();
