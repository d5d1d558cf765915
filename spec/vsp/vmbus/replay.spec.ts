import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decoder } from '../../../src/capture/decoder.js';
import { Tally } from '../../../src/capture/tally.js';
import { readCapture } from '../../support/captures.js';
import { Replay } from './replay.js';

const replay = suite('VMBus server: conversations of Linux again');

const RECORDS = [
  { name: 'conversation-boot', maxVersion: 0x50003 },
  { name: 'conversation-old', maxVersion: 0x40000 },
  { name: 'conversation-multi', maxVersion: 0x50003 },
  { name: 'conversation-arm64', maxVersion: 0x50003 },
  { name: 'conversation-mmiocall', maxVersion: 0x50003 },
];

/** What the recorded host does otherwise: below 5.0 it names its connection where OpenVMM echoes the version. */
const EXPLAINED: Record<string, { n: number; recorded: string; ours: string }[]> = {
  'conversation-old': [
    { n: 50, recorded: '0f000000000000000100000001400000', ours: '0f000000000000000100000000000400' },
  ],
};

for (const { name, maxVersion } of RECORDS)
  replay(`${name}: every answer, page list, control page and packet is the recorded one`, () => {
    const { differences, compared } = new Replay(readCapture(`${name}.jsonl`), maxVersion);
    assert.equal(
      differences.map(({ n, recorded, ours }) => ({ n, recorded, ours })),
      EXPLAINED[name] ?? [],
    );
    assert.ok(compared > 60, `${compared} compared`);
  });

for (const { name, maxVersion } of RECORDS)
  replay(`${name}: the server's trace is read back without an issue`, () => {
    const { port } = new Replay(readCapture(`${name}.jsonl`), maxVersion);
    const decoder = new Decoder();
    const tally = new Tally();
    for (const [n, event] of port.traced.entries()) tally.add(decoder.push({ n, t_us: n, ...event }));
    assert.is(tally.ok, true, tally.line());
  });

replay.run();
