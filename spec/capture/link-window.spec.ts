import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LinkWindow } from '../../src/capture/link-window.js';
import type { DecodedRecord } from '../../src/capture/record.js';
import { remember, Session } from '../../src/capture/session.js';

const record = (n: number, request?: number): DecodedRecord => ({
  n,
  kind: 'ring',
  unknown: false,
  parts: [],
  issues: [],
  source: {},
  bytes: 0,
  ...(request === undefined ? {} : { links: { request } }),
});

const window = suite('LinkWindow');

window('a request learns of its answer', () => {
  const links = new LinkWindow();
  for (const one of [record(1), record(2, 1), record(3)]) assert.is(links.push(one), undefined);
  assert.equal(
    [...links.flush()].map((one) => one.links),
    [{ reply: 2 }, { request: 1 }, undefined],
  );
});

window('an answer may be a request itself', () => {
  const links = new LinkWindow();
  for (const one of [record(1), record(2, 1), record(3, 2)]) links.push(one);
  assert.equal(
    [...links.flush()].map((one) => one.links),
    [{ reply: 2 }, { request: 1, reply: 3 }, { request: 2 }],
  );
});

window('order is kept, and no more than the window is held', () => {
  const links = new LinkWindow();
  const out: number[] = [];
  let held = 0;
  for (let n = 0; n < 10_000; n++) {
    const one = links.push(record(n));
    held++;
    if (one) {
      out.push(one.n);
      held--;
    }
    assert.ok(held <= 2048, `${held}`);
  }
  for (const one of links.flush()) out.push(one.n);
  assert.equal(
    out,
    Array.from({ length: 10_000 }, (_, n) => n),
  );
});

window('a request that has left learns nothing', () => {
  const links = new LinkWindow();
  const early = record(0);
  links.push(early);
  for (let n = 1; n <= 2048; n++) links.push(record(n));
  links.push(record(5000, 0));
  assert.is(early.links, undefined);
});

window('traces one behind the other use numbers again', () => {
  const links = new LinkWindow();
  const first = record(0);
  const second = record(0);
  links.push(first);
  for (let n = 1; n < 2048; n++) links.push(record(n));
  links.push(second);
  links.push(record(1, 0));
  assert.equal([first.links, second.links], [undefined, { reply: 1 }]);
});

window('nothing in, nothing out', () => assert.equal([...new LinkWindow().flush()], []));

window.run();

const session = suite('Session');

session('what is remembered is bounded, the oldest goes first', () => {
  const map = new Map<number, number>();
  for (let i = 0; i < 10_000; i++) remember(map, i, i);
  assert.equal([map.size, map.has(0), map.has(9_999)], [4096, false, true]);
});

session('a key set again is the newest', () => {
  const map = new Map<number, number>();
  for (let i = 0; i < 4096; i++) remember(map, i, i);
  remember(map, 0, 5);
  remember(map, 9_999, 1);
  assert.equal([map.get(0), map.has(1)], [5, false]);
});

session('an answer is given once', () => {
  const one = new Session();
  one.expect('open 3', 7);
  assert.equal([one.answer('open 3'), one.answer('open 3')], [7, undefined]);
});

session('a channel is made when it is asked for, found only when it exists, and forgotten', () => {
  const one = new Session();
  assert.is(one.find(3), undefined);
  const channel = one.channel(3);
  assert.equal([one.find(3) === channel, channel.classGuid], [true, undefined]);
  one.offer(3, 'a', 'b');
  assert.equal([one.channel(3).classGuid, one.channel(3).instanceGuid], ['a', 'b']);
  one.forget(3);
  assert.is(one.find(3), undefined);
});

session.run();
