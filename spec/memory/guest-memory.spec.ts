import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import { FileGuestMemory } from '../../src/memory/file-memory.node.js';
import type { Region } from '../../src/memory/regions.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import type { GuestMemory } from '../../src/ports/guest-memory.js';
import { refuses } from './thrown.js';
import { withFile } from './with-file.js';

const PAGE = 4096;
/** Pages 0 and 1, a hole, pages 3 and 4 of which the bytes are apart, nothing behind. */
const REGIONS: readonly Region[] = [
  { gpa: 3 * PAGE, length: PAGE, offset: 4 * PAGE },
  { gpa: 0, length: 2 * PAGE, offset: 0 },
  { gpa: 4 * PAGE, length: PAGE, offset: 2 * PAGE },
];
const BACKING = 5 * PAGE;
const HOLE = 2 * PAGE;
const SEAM = 4 * PAGE;
const END = 5 * PAGE;

type Use = (memory: GuestMemory) => void;

/** The same memory in every form. */
const FORMS: readonly { name: string; run(regions: readonly Region[], use: Use): void }[] = [
  {
    name: 'SharedArrayBuffer',
    run: (regions, use) => use(new SharedGuestMemory(new SharedArrayBuffer(BACKING), regions)),
  },
  { name: 'ArrayBuffer', run: (regions, use) => use(new SharedGuestMemory(new ArrayBuffer(BACKING), regions)) },
  {
    name: 'WebAssembly.Memory',
    run: (regions, use) => {
      const memory = SharedGuestMemory.create(regions);
      assert.is(memory.hasKernel, true, 'node has SIMD and shared memories');
      use(memory);
    },
  },
  {
    name: 'file',
    run: (regions, use) =>
      withFile(BACKING, (path) => {
        const memory = FileGuestMemory.open(path, regions);
        try {
          use(memory);
        } finally {
          memory.close();
        }
      }),
  },
];

function hexAt(memory: GuestMemory, gpa: number, length: number): string {
  const bytes = new Uint8Array(length);
  memory.read(gpa, bytes);
  return bytesToHex(bytes);
}

for (const form of FORMS) {
  const spec = suite(`guest memory: ${form.name}`);

  spec('size is one past the highest address, has() knows the holes', () => {
    form.run(REGIONS, (memory) => {
      assert.is(memory.size, END);
      const rows: [number, number, boolean][] = [
        [0, 2 * PAGE, true],
        [0, 2 * PAGE + 1, false],
        [HOLE - 1, 1, true],
        [HOLE, 1, false],
        [HOLE, PAGE, false],
        [3 * PAGE - 1, 2, false],
        [3 * PAGE, 2 * PAGE, true],
        [END - 1, 1, true],
        [END, 1, false],
        [-1, 2, false],
        [0.5, 1, false],
        [0, -1, false],
        [Number.NaN, 1, false],
        [2 ** 53, 1, false],
      ];
      for (const [gpa, length, there] of rows) assert.is(memory.has(gpa, length), there, `${gpa} +${length}`);
    });
  });

  // Inside a page, across pages of one region, across the seam of two regions; all unaligned too.
  for (const gpa of [0, 3, PAGE - 1, PAGE - 3, PAGE - 7, SEAM - 8, SEAM - 1, SEAM - 3, SEAM - 7, END - 8]) {
    spec(`words at 0x${gpa.toString(16)} are little-endian and touch nothing else`, () => {
      form.run(REGIONS, (memory) => {
        const around = Math.max(0, Math.min(gpa - 4, END - 16));
        memory.write(around, new Uint8Array(16).fill(0xee));
        const before = hexAt(memory, around, 16);
        const lead = 2 * (gpa - around);
        const expected = (hex: string): string => before.slice(0, lead) + hex + before.slice(lead + hex.length);

        memory.writeU64(gpa, 0xfedc_ba98_7654_3210n);
        assert.is(hexAt(memory, around, 16), expected('1032547698badcfe'));
        assert.is(memory.readU64(gpa), 0xfedc_ba98_7654_3210n);
        assert.is(memory.readU32(gpa), 0x7654_3210);
        assert.is(memory.readU16(gpa), 0x3210);
        assert.is(memory.readU8(gpa), 0x10);
        assert.is(memory.readU32(gpa + 4), 0xfedc_ba98);
        memory.writeU32(gpa, 0xdead_beef);
        assert.is(hexAt(memory, around, 16), expected('efbeadde98badcfe'));
        memory.writeU16(gpa, 0xa55a);
        assert.is(hexAt(memory, around, 16), expected('5aa5adde98badcfe'));
        memory.writeU8(gpa, 0x77);
        assert.is(hexAt(memory, around, 16), expected('77a5adde98badcfe'));
      });
    });
  }

  spec('bytes cross pages and seams in order', () => {
    form.run(REGIONS, (memory) => {
      const bytes = Uint8Array.from({ length: 2 * PAGE }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
      for (const gpa of [0, 3 * PAGE]) {
        memory.write(gpa, bytes);
        assert.is(hexAt(memory, gpa, 2 * PAGE), bytesToHex(bytes));
      }
      assert.is(hexAt(memory, SEAM - 2, 4), bytesToHex(bytes.subarray(PAGE - 2, PAGE + 2)));
    });
  });

  spec('clear() zeroes exactly its range', () => {
    form.run(REGIONS, (memory) => {
      const rows: [number, number][] = [
        [8, 1],
        [9, 6],
        [9, 7],
        [15, 2],
        [16, 8],
        [13, 30],
        [PAGE - 5, 11],
        [PAGE - 4, PAGE],
        [SEAM - 9, 20],
      ];
      for (const [gpa, length] of rows) {
        const around = gpa - 4;
        memory.write(around, new Uint8Array(length + 8).fill(0xcc));
        memory.clear(gpa, length);
        assert.is(hexAt(memory, around, length + 8), `cccccccc${'00'.repeat(length)}cccccccc`, `${gpa} +${length}`);
      }
    });
  });

  spec('words of 4 bytes: load, store, set and clear bits give the old value', () => {
    form.run(REGIONS, (memory) => {
      const at = SEAM;
      memory.writeU64(at - 4, 0xffff_ffff_ffff_ffffn);
      memory.storeU32(at, 0x8000_0001);
      assert.is(memory.loadU32(at), 0x8000_0001);
      assert.is(memory.orU32(at, 0x4000_0100), 0x8000_0001);
      assert.is(memory.orU32(at, 0x4000_0100), 0xc000_0101);
      assert.is(memory.clearU32(at, 0x8000_0101), 0xc000_0101);
      assert.is(memory.loadU32(at), 0x4000_0000);
      assert.is(memory.clearU32(at, 0xffff_ffff), 0x4000_0000);
      assert.is(hexAt(memory, at - 4, 8), 'ffffffff00000000');
    });
  });

  spec('what is outside, in a hole or unaligned is a MemoryError with its address, and changes nothing', () => {
    form.run(REGIONS, (memory) => {
      memory.write(HOLE - 4, hexToBytes('11223344'));
      const each: [string, (gpa: number) => unknown, number][] = [
        ['readU8', (gpa) => memory.readU8(gpa), 1],
        ['readU16', (gpa) => memory.readU16(gpa), 2],
        ['readU32', (gpa) => memory.readU32(gpa), 4],
        ['readU64', (gpa) => memory.readU64(gpa), 8],
        ['writeU8', (gpa) => memory.writeU8(gpa, 1), 1],
        ['writeU16', (gpa) => memory.writeU16(gpa, 1), 2],
        ['writeU32', (gpa) => memory.writeU32(gpa, 1), 4],
        ['writeU64', (gpa) => memory.writeU64(gpa, 1n), 8],
        ['read', (gpa) => memory.read(gpa, new Uint8Array(3)), 3],
        ['write', (gpa) => memory.write(gpa, new Uint8Array(3)), 3],
        ['clear', (gpa) => memory.clear(gpa, 3), 3],
        ['window', (gpa) => memory.window(gpa, 3), 3],
      ];
      for (const [name, run, bytes] of each) {
        for (const gpa of [HOLE, HOLE + 5, END, END - bytes + 1, -1, 2 ** 40, 0.5, Number.NaN]) {
          refuses('E_GPA', () => run(gpa), gpa);
        }
        if (bytes > 1) refuses('E_GPA', () => run(HOLE - 1), HOLE - 1);
        assert.is(hexAt(memory, HOLE - 4, 4), '11223344', name);
      }
      refuses('E_GPA', () => memory.clear(0, -1));
      refuses('E_GPA', () => memory.window(0, 1.5));
      const words = [
        (gpa: number) => memory.loadU32(gpa),
        (gpa: number) => memory.storeU32(gpa, 1),
        (gpa: number) => memory.orU32(gpa, 1),
        (gpa: number) => memory.clearU32(gpa, 1),
      ];
      for (const run of words) {
        for (const gpa of [1, 2, 3, HOLE - 2]) refuses('E_ALIGN', () => run(gpa), gpa);
        for (const gpa of [HOLE, END, -4]) refuses('E_GPA', () => run(gpa), gpa);
      }
    });
  });

  spec('memory that cannot be is refused', () => {
    const rows: [string, 'E_GPA' | 'E_ALIGN', Region[]][] = [
      ['none', 'E_GPA', []],
      ['empty', 'E_GPA', [{ gpa: 0, length: 0, offset: 0 }]],
      ['negative', 'E_GPA', [{ gpa: -PAGE, length: PAGE, offset: 0 }]],
      ['part of a page', 'E_ALIGN', [{ gpa: 0, length: PAGE - 8, offset: 0 }]],
      ['inside a page', 'E_ALIGN', [{ gpa: 8, length: PAGE, offset: 0 }]],
      ['offset inside a page', 'E_ALIGN', [{ gpa: 0, length: PAGE, offset: 8 }]],
      [
        'addresses overlap',
        'E_GPA',
        [
          { gpa: 0, length: 2 * PAGE, offset: 0 },
          { gpa: PAGE, length: PAGE, offset: 2 * PAGE },
        ],
      ],
      [
        'bytes overlap',
        'E_GPA',
        [
          { gpa: 0, length: 2 * PAGE, offset: 0 },
          { gpa: 8 * PAGE, length: PAGE, offset: PAGE },
        ],
      ],
    ];
    if (form.name !== 'WebAssembly.Memory')
      rows.push(['beyond the backing', 'E_GPA', [{ gpa: 0, length: 2 * PAGE, offset: 4 * PAGE }]]);
    for (const [what, code, regions] of rows) refuses(code, () => form.run(regions, () => assert.unreachable(what)));
  });

  spec.run();
}

const shared = suite('SharedGuestMemory');

shared('window() lends the bytes themselves, within one region', () => {
  const buffer = new SharedArrayBuffer(BACKING);
  const memory = new SharedGuestMemory(buffer, REGIONS);
  const view = memory.window(3 * PAGE + 8, 16)!;
  assert.is(view.buffer, buffer);
  assert.is(view.byteOffset, 4 * PAGE + 8);
  assert.is(view.byteLength, 16);
  view.setUint32(0, 0x1234_5678, true);
  assert.is(memory.readU32(3 * PAGE + 8), 0x1234_5678);
  assert.is(memory.window(SEAM - 8, 16), undefined);
  assert.is(memory.window(0, 2 * PAGE)?.byteLength, 2 * PAGE);
});

shared('neighbours whose bytes are neighbours are one region', () => {
  const memory = new SharedGuestMemory(new SharedArrayBuffer(2 * PAGE), [
    { gpa: 8 * PAGE, length: PAGE, offset: 0 },
    { gpa: 9 * PAGE, length: PAGE, offset: PAGE },
  ]);
  assert.equal(memory.handle.regions, [{ gpa: 8 * PAGE, length: 2 * PAGE, offset: 0 }]);
  assert.is(memory.window(9 * PAGE - 8, 16)?.byteLength, 16);
});

shared('addresses above 4 GiB', () => {
  const memory = new SharedGuestMemory(new SharedArrayBuffer(2 * PAGE), [
    { gpa: 0, length: PAGE, offset: 0 },
    { gpa: 2 ** 40, length: PAGE, offset: PAGE },
  ]);
  memory.writeU64(2 ** 40 + 8, 5n);
  assert.is(memory.readU64(2 ** 40 + 8), 5n);
  assert.is(memory.orU32(2 ** 40 + 8, 2), 5);
  assert.is(memory.readU64(8), 0n);
  refuses('E_GPA', () => memory.readU8(2 ** 40 + PAGE), 2 ** 40 + PAGE);
});

shared('create() gives zeroed whole pages; a handle is the same memory, through a structured clone too', () => {
  for (const kernel of [true, false]) {
    const memory = SharedGuestMemory.create(PAGE + 1, { kernel });
    assert.is(memory.size, 2 * PAGE);
    assert.is(memory.hasKernel, kernel);
    assert.is(hexAt(memory, 0, 2 * PAGE), '00'.repeat(2 * PAGE));
    const again = SharedGuestMemory.attach(memory.handle);
    again.storeU32(PAGE, 7);
    assert.is(memory.loadU32(PAGE), 7);
    assert.is(again.hasKernel, kernel);
  }
});

shared.run();
