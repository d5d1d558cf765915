import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decoder, type Event } from '../../src/capture/decoder.js';
import type { Part } from '../../src/capture/record.js';
import { Tally } from '../../src/capture/tally.js';
import { describePart } from '../../src/capture/value.js';
import type { FieldNode } from '../../src/layout/describe.js';
import { coverageFaults } from '../support/byte-coverage.js';
import { captureNames, decodeEvents, readCapture } from '../support/captures.js';
import { randomWords } from '../support/random.js';

// Real traces, changed as another kernel, another host or another recorder would have them: still every byte is read.

function passes(events: readonly Event[], note: string): Tally {
  const tally = new Tally();
  for (const record of decodeEvents(events)) {
    assert.equal(coverageFaults(record), [], `${note}, record ${record.n}`);
    tally.add(record);
  }
  assert.ok(tally.ok, `${note}: ${tally.line()}`);
  return tally;
}

/** Byte ranges of a part, and of what is inside it, that mean nothing: reserved fields, slack. */
function idleRanges(part: Part): [label: string, from: number, length: number][] {
  const found: [string, number, number][] = part.slack
    .filter((slack) => slack.name !== 'trailer')
    .map((slack) => [part.label, slack.offset, slack.length]);
  const walk = (node: FieldNode): void => {
    if (node.type.kind === 'rsvd') found.push([part.label, part.offset + node.offset, node.size]);
    for (const child of node.children ?? []) walk(child);
  };
  const described = describePart(part);
  if (described) walk(described.root);
  return part.inner ? [...found, ...idleRanges(part.inner)] : found;
}

const stale = suite('bytes that mean nothing hold garbage');

for (const name of captureNames())
  stale(name, () => {
    const events = readCapture(name);
    const draw = randomWords(7);
    const changed = decodeEvents(events).map((record, i) => {
      const event: Record<string, unknown> = { ...events[i] };
      for (const [label, from, length] of record.parts.flatMap(idleRanges)) {
        const text = String(event[label]);
        const garbage = Array.from({ length }, () => ((draw() % 255) + 1).toString(16).padStart(2, '0')).join('');
        event[label] = text.slice(0, from * 2) + garbage + text.slice((from + length) * 2);
      }
      return event;
    });
    assert.not.equal(changed, events);
    const before = passes(events, name);
    const after = passes(changed, `${name} with garbage`);
    assert.equal([after.decoded, after.identical], [before.decoded, before.identical]);
    // Reserved fields are reported, slack is not.
    assert.ok(after.issues >= before.issues);
  });

stale.run();

const late = suite('a recording that begins late');

for (const name of captureNames())
  late(name, () => {
    const events = readCapture(name);
    for (let from = 1; from < events.length; from += Math.ceil(events.length / 25))
      passes(events.slice(from), `from event ${from}`);
  });

late.run();

const gaps = suite('a recording with events lost');

for (const name of captureNames())
  gaps(name, () => {
    const draw = randomWords(11);
    for (let round = 0; round < 20; round++) {
      const tally = new Tally();
      for (const record of decodeEvents(readCapture(name).filter(() => draw() % 3 !== 0))) {
        assert.equal(coverageFaults(record), [], `round ${round}, record ${record.n}`);
        tally.add(record);
      }
      // Transaction numbers are used again, so an answer may be taken for that of another request: bytes then are left over.
      const { withBytes, decoded, identical, unknown } = tally;
      assert.equal([decoded, identical, unknown], [withBytes, withBytes, 0], `round ${round}: ${tally.line()}`);
    }
  });

gaps.run();

const mixed = suite('recordings one behind the other');

mixed('every trace behind every other', () => {
  const traces = captureNames().map((name) => readCapture(name));
  for (const first of traces) for (const second of traces) passes([...first, ...second], 'two');
});

mixed('the same guest twice: links stay within each run', () => {
  const events = readCapture('old-protocols.jsonl');
  const records = decodeEvents([...events, ...events.map((event) => ({ ...event, n: Number(event.n) + 10_000 }))]);
  const twice = records.map((record) => record.links?.request);
  for (let i = 0; i < events.length; i++)
    assert.is(twice[i + events.length], twice[i] === undefined ? undefined : twice[i]! + 10_000, `record ${i}`);
});

mixed.run();

const recorders = suite('another recorder');

recorders('upper-case digits, numbers for words, keys that say nothing', () => {
  for (const name of captureNames()) {
    const plain = passes(readCapture(name), name);
    const changed = readCapture(name).map((event) => {
      const copy: Record<string, unknown> = { ...event, note: 'x', cpu: 3 };
      for (const key of ['in', 'out', 'raw', 'ctl'])
        if (typeof copy[key] === 'string') copy[key] = String(copy[key]).toUpperCase();
      if (typeof copy.result === 'string') copy.result = Number(copy.result);
      return copy;
    });
    assert.is(passes(changed, name).line(), plain.line());
  }
});

recorders('only what a call cannot do without', () => {
  for (const name of captureNames())
    for (const event of readCapture(name))
      if (event.k === 'hypercall') {
        const { k, control, in: input } = event;
        const tally = new Tally();
        tally.add(new Decoder({ arch: Array.isArray(event.x) ? 'arm64' : 'x64' }).push({ k, control, in: input }));
        assert.ok(tally.ok, tally.line());
      }
});

recorders.run();
