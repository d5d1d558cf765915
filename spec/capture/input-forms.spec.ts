import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../src/bytes/hex.js';
import { ForeignFormatError } from '../../src/capture/foreign-format.js';
import { type InputOptions, readEvents } from '../../src/capture/input.node.js';
import { presentRecord } from '../../src/capture/present.js';
import { withTempFolder } from '../support/project.js';
import { bytesOfText, read } from '../support/read-input.js';

const foreign = suite('readRecords: what has to be unpacked or marked');

const TRACE = '{"k":"marker","text":"a"}\n';
const wide = (text: string, isLittle: boolean): Uint8Array => {
  const bytes = new Uint8Array(2 + text.length * 2);
  const view = new DataView(bytes.buffer);
  for (const [i, letter] of [...`\ufeff${text}`].entries()) view.setUint16(i * 2, letter.charCodeAt(0), isLittle);
  return bytes;
};

for (const [title, content, named] of [
  ['gzip', gzipSync(TRACE), 'gzip'],
  ['UTF-16, little-endian', wide(TRACE, true), 'UTF-16'],
  ['UTF-16, big-endian', wide(TRACE, false), 'UTF-16'],
] as const)
  foreign(`${title} is named, also where a structure is, and read when bytes are asked for`, async () => {
    for (const options of [{}, { as: 'hv_message' }, { control: 0x5cn }]) {
      const { error } = await read(content, options);
      assert.instance(error, ForeignFormatError);
      assert.is((error as ForeignFormatError).foreign, named);
    }
    const raw = await read(content.subarray(0, 16), { format: 'raw', as: 'vmpacket_descriptor' });
    assert.equal([raw.records.length, raw.error], [1, undefined]);
    await withTempFolder((folder) => {
      writeFileSync(join(folder, 'x'), content);
      assert.throws(
        () => [...readEvents(join(folder, 'x'))],
        (error: unknown) => error instanceof ForeignFormatError,
      );
    });
  });

foreign('bytes that begin like one of them', async () => {
  for (const hex of ['1f8b00', 'fffe0000ffff0000', 'feff0102', 'fffe']) {
    const { error, records } = await read(hexToBytes(hex.padEnd(32, '0')), { as: 'vmpacket_descriptor' });
    assert.equal([error, records.length], [undefined, 1], hex);
  }
});

foreign('the mark of UTF-8 changes nothing', async () => {
  const hex = '00000000: 0600 0200 0300 0100 0100 0000 0000 0000  ................\n';
  const texts = async (content: string, options: InputOptions = {}): Promise<string[]> => {
    const { records, error } = await read(content, options);
    assert.is(error, undefined);
    return records.map((record) => JSON.stringify(presentRecord(record)));
  };
  assert.equal(await texts(`\ufeff${TRACE}`), await texts(TRACE));
  const as = 'vmpacket_descriptor';
  assert.equal(await texts(`\ufeff${hex}`, { as }), await texts(hex, { as }));
  // Raw bytes keep it.
  const { records } = await read(bytesOfText('\ufeff'.padEnd(14, 'x')), { as, format: 'raw' });
  assert.is(records[0]?.parts[0]?.view.getUint8(0), 0xef);
});

foreign.run();

const joined = suite('readRecords: captures one behind the other');

const headerOf = (arch: string): string => `{"format":"hvc","version":1,"arch":"${arch}","tool":"x"}\n`;

joined('each begins anew: architecture, offers, open requests', async () => {
  const call = '{"n":0,"k":"hypercall","control":"0x7c","in":"00","result":"0x0"}\n';
  const first = `${headerOf('x64')}${call}`;
  const { records, error } = await read(first + headerOf('arm64') + call + first);
  assert.is(error, undefined);
  assert.equal(
    records.map((record) => [record.n, record.parts[0]?.arch]),
    [
      [0, 'x64'],
      [0, 'arm64'],
      [0, 'x64'],
    ],
  );
  // What is asked for counts more than what headers say.
  assert.equal(
    (await read(headerOf('arm64') + call, { arch: 'x64' })).records.map((record) => record.parts[0]?.arch),
    ['x64'],
  );
});

joined('events without their headers', async () => {
  await withTempFolder((folder) => {
    const file = join(folder, 'three');
    writeFileSync(file, `\ufeff${`${headerOf('x64')}${TRACE}`.repeat(3)}`);
    assert.equal([...readEvents(file)], new Array(3).fill({ k: 'marker', text: 'a' }));
  });
});

joined.run();

const deep = suite('readRecords: lists in lists');

deep('an event may have some levels, and not thousands', async () => {
  const nested = (levels: number): string => `{"k":"marker","x":${'['.repeat(levels)}${']'.repeat(levels)}}\n`;
  const keys = (levels: number): string => `{"k":"marker","x":${'{"a":'.repeat(levels)}0${'}'.repeat(levels)}}\n`;
  for (const text of [nested(63), keys(63)]) assert.is((await read(text)).error, undefined);
  for (const text of [nested(64), keys(64), nested(20_000), keys(20_000)]) {
    const { records, error } = await read(TRACE + text + TRACE);
    assert.is(records.length, 1);
    assert.equal([error?.code, error?.offset], ['E_RECORD', TRACE.length]);
    assert.match(error?.message ?? '', /line 2 has more than 64 levels/);
  }
});

deep.run();
