import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DeliverList } from '../../../src/guest/iommufd/deliver-list.js';
import { IdSpace } from '../../../src/guest/iommufd/id-space.js';
import { userBuffer } from '../../../src/guest/iommufd/user-buffer.js';
import { randomWords } from '../../support/random.js';

const lists = suite('iommufd lists');

lists('DeliverList does what an array does, over its compaction too', () => {
  const next = randomWords(7);
  const list = new DeliverList<number>();
  const model: number[] = [];
  for (let step = 0; step < 20000; step++) {
    // Growing first, shrinking later.
    const kind = next() % (step < 8000 ? 3 : 6);
    if (kind < 2) {
      list.append(step);
      model.push(step);
    } else if (kind === 5 && next() % 50 === 0) {
      list.dropLast();
      model.pop();
    } else {
      const taken = list.takeFirst();
      assert.is(taken, model.shift());
      if (taken !== undefined && next() % 4 === 0) {
        list.putFirst(taken);
        model.unshift(taken);
      }
    }
    assert.is(list.length, model.length);
    assert.is(list.last, model.at(-1));
  }
  const odd = model.filter((one) => one % 2 === 1);
  assert.equal(
    list.takeAll((one) => one % 2 === 1),
    odd,
  );
  assert.is(list.length, model.length - odd.length);
});

lists('IdSpace gives the lowest free number, and none above its highest', () => {
  const ids = new IdSpace(3);
  assert.equal([ids.take(), ids.take(), ids.take(), ids.take()], [1, 2, 3, undefined]);
  ids.give(2);
  ids.give(2);
  assert.equal([ids.taken, ids.take(), ids.take()], [2, 2, undefined]);
});

lists('IdSpace in any order of taking and giving: the lowest free number, each once', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const next = randomWords(seed);
    const ids = new IdSpace(40);
    const model = new Set<number>();
    for (let step = 0; step < 400; step++) {
      if (next() % 5 < 3) {
        const free = Array.from({ length: 40 }, (_, i) => i + 1).find((id) => !model.has(id));
        assert.is(ids.take(), free);
        if (free !== undefined) model.add(free);
      } else {
        // Free ones and numbers that are none, too.
        const id = next() % 45;
        ids.give(id);
        model.delete(id);
      }
      assert.is(ids.taken, model.size);
    }
  }
});

lists('IdSpace looks at none of the numbers that are taken to find one that is free', () => {
  const ids = new IdSpace();
  for (let n = 0; n < 20000; n++) ids.take();
  const { has } = Set.prototype;
  let looks = 0;
  Set.prototype.has = function (value) {
    looks++;
    return has.call(this, value);
  };
  try {
    for (let n = 0; n < 10; n++) {
      ids.give(1);
      assert.equal([ids.take(), ids.take()], [1, 20001 + n]);
    }
  } finally {
    Set.prototype.has = has;
  }
  assert.ok(looks < 100, `${looks}`);
});

lists('a user buffer faults outside of itself', () => {
  const bytes = new Uint8Array(4);
  const buffer = userBuffer(bytes);
  assert.equal([buffer.put(2, new Uint8Array([1, 2])), buffer.put(3, new Uint8Array([9, 9]))], [true, false]);
  assert.equal([...bytes], [0, 0, 1, 2]);
  assert.is(buffer.get(3, 2), undefined);
  assert.equal([...(buffer.get(2, 2) ?? [])], [1, 2]);
});

lists.run();
