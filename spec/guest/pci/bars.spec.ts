import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assignBars, type Bar, sizeBars } from '../../../src/guest/pci/bars.js';
import { FunctionConfig } from '../../../src/guest/pci/function-config.js';
import { readTsv } from '../../support/tsv.js';

const bars = suite('bars');

/** Registers behind masks: what reads after all ones were written. The diary has accesses from 0x10 on. */
function registers(masks: readonly number[], flags: readonly number[] = [], command = 0) {
  const words = masks.map((_, i) => flags[i] ?? 0);
  const diary: string[] = [];
  let cmd = command;
  const config = new FunctionConfig(
    {
      read: (_devfn, where, size) => {
        diary.push(`r${size} 0x${where.toString(16)}`);
        return where === 4 ? cmd : words[(where - 0x10) / 4]!;
      },
      write: (_devfn, where, size, value) => {
        diary.push(`w${size} 0x${where.toString(16)} 0x${value.toString(16)}`);
        if (where === 4) cmd = value;
        else {
          const at = (where - 0x10) / 4;
          words[at] = ((value & masks[at]!) | (masks[at]! === 0 ? 0 : (flags[at] ?? 0))) >>> 0;
        }
      },
    },
    0,
  );
  return { config, diary, words };
}

const NVME = [0xffffc000, 0xffffffff, 0, 0, 0, 0];

bars(
  'a 64-bit BAR of 16 KiB, in the order in which Linux 6.12 reads and writes (events 123 to 149 of the boot capture)',
  () => {
    const { config, diary } = registers(NVME, [4]);
    assert.equal(sizeBars(config), [{ index: 0, size: 0x4000n, is64: true, flags: 4, address: 0n }]);
    assert.equal(diary.slice(0, 14), [
      'r2 0x4',
      'r4 0x10',
      'w4 0x10 0xffffffff',
      'r4 0x10',
      'w4 0x10 0x4',
      'r4 0x14',
      'w4 0x14 0xffffffff',
      'r4 0x14',
      'w4 0x14 0x0',
      'r2 0x4',
      'r4 0x18',
      'w4 0x18 0xffffffff',
      'r4 0x18',
      'w4 0x18 0x0',
    ]);
  },
);

bars('decoding is off while a BAR is all ones, and on again', () => {
  const { config, diary } = registers([0xfffff000, 0, 0, 0, 0, 0], [], 0x406);
  sizeBars(config);
  assert.equal(diary.slice(0, 7), [
    'r2 0x4',
    'w2 0x4 0x404',
    'r4 0x10',
    'w4 0x10 0xffffffff',
    'r4 0x10',
    'w4 0x10 0x0',
    'w2 0x4 0x406',
  ]);
});

// masks with their type bits, sizes by hand.
const SIZES: readonly (readonly [
  string,
  readonly number[],
  readonly number[],
  readonly (readonly [number, bigint])[],
])[] = [
  ['32 bit, 4 KiB', [0xfffff000, 0, 0, 0, 0, 0], [0], [[0, 0x1000n]]],
  // The low word has nothing but its type bits.
  ['64 bit, 8 GiB', [0xc, 0xfffffffe, 0, 0, 0, 0], [0xc], [[0, 0x200000000n]]],
  ['an I/O BAR is none of ours', [0xffffff00, 0xfffff000, 0, 0, 0, 0], [1], [[1, 0x1000n]]],
  ['no BAR', [0, 0, 0, 0, 0, 0], [], []],
  ['the last one cannot be 64 bit', [0, 0, 0, 0, 0, 0xfffff000], [0, 0, 0, 0, 0, 4], [[5, 0x1000n]]],
];
for (const [title, masks, flags, expected] of SIZES)
  bars(`sizes: ${title}`, () => {
    const { config } = registers(masks, flags);
    assert.equal(
      sizeBars(config).map(({ index, size }) => [index, size]),
      expected,
    );
  });

const bar = (size: bigint, is64 = true, index = 0): Bar => ({ index, size, is64, flags: is64 ? 4 : 0, address: 0n });

bars('addresses: the largest first, each at its own alignment, windows of devices in the field', () => {
  const rows = readTsv('fixtures/field/vpci-devices.tsv');
  assert.is(rows.length, 3);
  // 16 KiB and 32 KiB in 0xff0020000-0xff002bfff: the 32 KiB one has to come first.
  const [small, large] = [bar(0x4000n), bar(0x8000n, true, 4)];
  const { config } = registers([0xffffc000, 0xffffffff, 0, 0, 0xffff8000, 0xffffffff]);
  assert.equal(assignBars([{ config, bars: [small, large] }], [{ start: 0xff0020000n, last: 0xff002bfffn }], []), []);
  assert.is(large.address, 0xff0020000n);
  assert.is(small.address, 0xff0028000n);
  // Three of 4 KiB in 0x9ffe00000-0x9ffe02fff, in the order of their registers.
  const three = [bar(0x1000n), bar(0x1000n, true, 2), bar(0x1000n, true, 4)];
  assignBars([{ config, bars: three }], [{ start: 0x9ffe00000n, last: 0x9ffe02fffn }], []);
  assert.equal(
    three.map(({ address }) => address),
    [0x9ffe00000n, 0x9ffe01000n, 0x9ffe02000n],
  );
});

bars('a 64-bit BAR is written with memory decoding off (events 300 to 312 of the boot capture)', () => {
  const { config, diary } = registers(NVME, [4]);
  const one = bar(0x4000n);
  assignBars([{ config, bars: [one] }], [{ start: 0xfe0000000n, last: 0xfe0003fffn }], []);
  assert.equal(diary, [
    'r2 0x4',
    'w2 0x4 0x0',
    'w4 0x10 0xe0000004',
    'r4 0x10',
    'w4 0x14 0xf',
    'r4 0x14',
    'w2 0x4 0x0',
  ]);
});

bars('no room, and none above 4 GiB for a 32-bit BAR', () => {
  const { config } = registers(NVME);
  const one = bar(0x4000n);
  assert.equal(assignBars([{ config, bars: [one] }], [{ start: 0x1000n, last: 0x4fffn }], []), [one]);
  assert.is(one.address, 0n);
  const low = bar(0x1000n, false);
  const high = { start: 0xfe0000000n, last: 0xfe0003fffn };
  assert.equal(assignBars([{ config, bars: [low] }], [high], []), [low]);
  assert.equal(assignBars([{ config, bars: [low] }], [high, { start: 0xf8000000n, last: 0xf8000fffn }], []), []);
  assert.is(low.address, 0xf8000000n);
});

bars('what other functions have is left alone', () => {
  const { config } = registers(NVME);
  const taken = [
    { ...bar(0x1000n), address: 0x1000n },
    { ...bar(0x1000n), address: 0x3000n },
  ];
  const fresh = [bar(0x1000n), bar(0x1000n, true, 2)];
  assert.equal(assignBars([{ config, bars: fresh }], [{ start: 0x1000n, last: 0x4fffn }], taken), []);
  assert.equal(
    fresh.map(({ address }) => address),
    [0x2000n, 0x4000n],
  );
});

bars.run();
