import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decoder, type Event } from '../../src/capture/decoder.js';
import { structPart } from '../../src/capture/locate.js';
import { Tally } from '../../src/capture/tally.js';
import { isDecoded, reencodes } from '../../src/capture/value.js';
import { u32 as u32Type } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { union } from '../../src/layout/union.js';
import { coverageFaults } from '../support/byte-coverage.js';
import { captureNames, decodeEvents, readCapture } from '../support/captures.js';
import {
  CLASS,
  call,
  offer,
  packet,
  post,
  ring,
  slot,
  u32,
  u64,
  vmbusMessage,
  zeros,
} from '../support/trace-events.js';

const tallyOf = (events: readonly Event[]): Tally => {
  const tally = new Tally();
  for (const record of decodeEvents(events)) tally.add(record);
  return tally;
};

const real = suite('Tally over real traces');

// Records, and those with bytes, counted in the files.
const COUNTS: Readonly<Record<string, readonly [records: number, withBytes: number, issues: number]>> = {
  'arm64-registers.jsonl': [78, 46, 0],
  'conversation-arm64.jsonl': [136, 74, 0],
  'conversation-boot.jsonl': [157, 76, 0],
  'conversation-mmiocall.jsonl': [157, 76, 0],
  'conversation-multi.jsonl': [486, 274, 0],
  'conversation-old.jsonl': [173, 93, 0],
  'eject-rescind.jsonl': [90, 80, 0],
  'map-device-gpa-pages.jsonl': [12, 9, 0],
  'mmio-calls.jsonl': [15, 14, 14],
  'old-protocols.jsonl': [48, 43, 0],
  'pviommu.jsonl': [46, 43, 0],
  // Six maps leave the source of the entry at zero, a number without a name.
  'root-interrupts.jsonl': [39, 17, 7],
  // A property id recorded with half of its input.
  'root-start-7.2.jsonl': [11, 9, 1],
  'tlb.jsonl': [15, 14, 0],
  'vpci-probe.jsonl': [33, 28, 0],
};

real('there is a row for every trace', () => assert.equal(captureNames(), Object.keys(COUNTS)));

for (const [name, [records, withBytes, issues]] of Object.entries(COUNTS)) {
  real(`${name}: everything decodes, encodes to its bytes and is accounted for`, () => {
    const tally = tallyOf(readCapture(name));
    assert.ok(tally.ok, tally.line());
    const bare = readCapture(name).filter((event) => [event.in, event.out, event.raw, event.ctl].some((text) => text));
    assert.equal([bare.length, tally.withBytes], [withBytes, withBytes]);
    assert.equal([tally.records, tally.decoded, tally.identical], [records, withBytes, withBytes]);
    assert.equal([tally.unattributed, tally.classPayload, tally.unknown, tally.issues], [0, 0, 0, issues]);
  });

  real(`${name}: sizes, slack and unattributed bytes add up in every record`, () => {
    for (const record of decodeEvents(readCapture(name)))
      assert.equal(coverageFaults(record), [], `record ${record.n}`);
  });
}

real.run();

const cut = suite('every record of every trace, cut at every length');

for (const name of captureNames())
  cut(name, () => {
    const decoder = new Decoder();
    for (const event of readCapture(name)) {
      decoder.push(event);
      for (const key of ['in', 'out', 'raw', 'ctl']) {
        const text = event[key];
        if (typeof text !== 'string') continue;
        // Long lists and slots change nothing from one element to the next.
        const step = text.length > 512 ? 46 : 2;
        for (let length = 0; length < text.length; length += step) {
          const record = new Decoder({ arch: decoder.architecture }).push({ ...event, [key]: text.slice(0, length) });
          assert.equal(coverageFaults(record), [], `record ${event.n}, ${key} cut at ${length / 2}`);
          for (const part of record.parts)
            if (isDecoded(part)) assert.ok(reencodes(part), `record ${event.n}, ${key} at ${length / 2}`);
        }
      }
    }
  });

cut.run();

const verdict = suite('Tally.ok and its line');

verdict('nothing is fine', () => assert.ok(new Tally().ok));

verdict('the line', () => {
  assert.is(
    tallyOf([call(0x46, '', { out: u64(1) }), { k: 'marker' }]).line(),
    '2 records, 1 with bytes, 1 decoded, 1 re-encoded identically, 0 bytes unattributed, 0 payload bytes of undeclared classes, 0 unknown names, 0 issues',
  );
});

const FAILURES: readonly (readonly [string, Event[], keyof Tally, count: number])[] = [
  ['an unknown call', [call(0x1234, '')], 'unknown', 1],
  ['an unknown register', [{ k: 'rdmsr', msr: '0x40000fff', value: '0x0' }], 'unknown', 1],
  ['an unknown channel message', [post(vmbusMessage(77))], 'unknown', 1],
  ['an unknown packet', [offer(CLASS.HV_NIC_GUID, 3), ring('g2h', 3, packet(zeros(8), { type: 40 }))], 'unknown', 1],
  ['bytes of a kind that is not known', [{ k: 'new', raw: '001122' }], 'unattributed', 3],
  ['bytes behind a call', [call(0x5d, u64(3) + zeros(24))], 'unattributed', 24],
];

for (const [title, events, key, count] of FAILURES)
  verdict(`fails: ${title}`, () => {
    const tally = tallyOf(events);
    assert.equal([tally[key], tally.ok], [count, false]);
  });

verdict('a payload of a message that no one names is not decoded', () => {
  const tally = tallyOf([slot(zeros(16), 0x80000077)]);
  assert.equal([tally.withBytes, tally.decoded, tally.identical, tally.unknown], [1, 0, 1, 1]);
});

verdict('issues alone do not fail it', () => {
  const tally = tallyOf([call(0xc5, u64(0) + '00ffffffffffffff' + u32(0) + u32(1))]);
  assert.equal([tally.issues, tally.ok], [1, true]);
});

verdict('a union whose tag names no arm is not decoded, and encodes all the same', () => {
  const tagged = struct('tagged', 8, { tag: u32Type, u: union({ one: u32Type }, { by: 'tag', of: { 1: 'one' } }) });
  for (const [tag, decoded] of [
    [1, true],
    [9, false],
  ] as const) {
    const view = new DataView(Uint32Array.of(tag, 5).buffer);
    const part = structPart({ label: '', view, offset: 0, end: 8 }, tagged, { arch: 'x64' });
    assert.equal([isDecoded(part), reencodes(part)], [decoded, true]);
  }
});

verdict.run();
