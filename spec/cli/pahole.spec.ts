import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { paholeText } from '../../src/cli/pahole/text.js';
import { bits, gap } from '../../src/layout/bits.js';
import { array, rep } from '../../src/layout/list.js';
import { enumeration, guid, hole, i32, rsvd, u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import type { NamedType } from '../../src/layout/types.js';
import { anon, union } from '../../src/layout/union.js';
import { hvabi } from './run-cli.js';

const test = suite('cli: pahole text');

const word = bits('word', u64, { low: 12, high: 52 }, { word: 'as_uint64' });
const inner = struct('inner', 8, { a: u32, b: i32 });
const colour = enumeration('colour', { RED: 1 });

const cases: readonly { note: string; type: NamedType; expand?: boolean; text: string }[] = [
  {
    note: 'scalars, reserved bytes, a flexible list',
    type: struct('plain', 16, { id: u32, reserved: rsvd(u16, 2), value: u64, list: rep(u64) }),
    text: `
struct plain {
	u32                        id;                   /*     0     4 */
	u16                        reserved[2];          /*     4     4 */
	u64                        value;                /*     8     8 */
	u64                        list[];               /*    16     0 */

	/* size: 16, cachelines: 1, members: 4 */
	/* last cacheline: 16 bytes */
};`,
  },
  {
    note: 'a hole in the middle and padding at the end',
    type: struct('holed', 16, { a: u8, gap: hole(3), b: u32, c: u32, end: hole(4) }),
    text: `
struct holed {
	u8                         a;                    /*     0     1 */

	/* XXX 3 bytes hole, try to pack */

	u32                        b;                    /*     4     4 */
	u32                        c;                    /*     8     4 */

	/* size: 16, cachelines: 1, members: 3 */
	/* sum members: 9, holes: 1, sum holes: 3 */
	/* padding: 4 */
	/* last cacheline: 16 bytes */
};`,
  },
  {
    note: 'bit-fields of the struct itself, with a bit hole',
    type: struct('fields', 8, { low: anon(bits(u32, { vector: 8, rest: gap(4), mid: 20 })), last: u32 }),
    text: `
struct fields {
	u32                        vector:8;             /*     0: 0  8 */

	/* XXX 4 bits hole, try to pack */

	u32                        mid:20;               /*     0:12 20 */
	u32                        last;                 /*     4     4 */

	/* size: 8, cachelines: 1, members: 3 */
	/* bit holes: 1, sum bit holes: 4 bits */
	/* last cacheline: 8 bytes */
};`,
  },
  {
    note: 'a word with a name is a union',
    type: word,
    text: `
union word {
	struct {
		u64                low:12;               /*     0: 0 12 */
		u64                high:52;              /*     0:12 52 */
	};                                               /*     0     8 */
	u64                        as_uint64;            /*     0     8 */

	/* size: 8, cachelines: 1, members: 2 */
	/* last cacheline: 8 bytes */
};`,
  },
  {
    note: 'named types are one line, unnamed ones are written out',
    type: struct('nested', 40, {
      w: word,
      u: anon(union({ one: inner, two: u64 })),
      pair: array(inner, 2),
      id: struct({ x: u64 }),
    }),
    text: `
struct nested {
	union word                 w;                    /*     0     8 */
	union {
		struct inner       one;                  /*     8     8 */
		u64                two;                  /*     8     8 */
	};                                               /*     8     8 */
	struct inner               pair[2];              /*    16    16 */
	struct {
		u64                x;                    /*    32     8 */
	} id;                                            /*    32     8 */

	/* size: 40, cachelines: 1, members: 4 */
	/* last cacheline: 40 bytes */
};`,
  },
  {
    note: 'written out on request',
    type: struct('outer', 8, { in: inner }),
    expand: true,
    text: `
struct outer {
	struct inner {
		u32                a;                    /*     0     4 */
		s32                b;                    /*     4     4 */
	} in;                                            /*     0     8 */

	/* size: 8, cachelines: 1, members: 1 */
	/* last cacheline: 8 bytes */
};`,
  },
  {
    note: 'cache lines, enumerations, GUIDs',
    type: struct('long', 88, { kind: u32.asC(colour), id: guid, body: rsvd(40), x: u64, y: u64, z: array(u32, 3) }),
    text: `
struct long {
	enum colour                kind;                 /*     0     4 */
	guid_t                     id;                   /*     4    16 */
	u8                         body[40];             /*    20    40 */
	u64                        x;                    /*    60     8 */
	/* --- cacheline 1 boundary (64 bytes) was 4 bytes ago --- */
	u64                        y;                    /*    68     8 */
	u32                        z[3];                 /*    76    12 */

	/* size: 88, cachelines: 2, members: 6 */
	/* last cacheline: 24 bytes */
};`,
  },
];

for (const { note, type, expand, text } of cases) {
  test(note, () => assert.fixture(paholeText(type, { expand: expand ?? false }).join('\n'), text.slice(1)));
}

const commands = suite('cli: layout');

commands('every version and both architectures, unless chosen', () => {
  const heads = (args: readonly string[]): string[] =>
    hvabi(['layout', 'hv_input_map_device_interrupt', ...args])
      .out.split('\n')
      .filter((line) => line.startsWith('/* '));
  assert.is(heads([]).length, 4);
  assert.is(heads(['--arch', 'arm64']).length, 2);
  assert.is(heads(['--arch', 'arm64', '--abi', 'linux-6.12']).length, 1);
});

commands('of a call its input and output, of a message its forms', () => {
  assert.match(
    hvabi(['layout', 'HVCALL_GET_IOMMU_CAPABILITIES']).out,
    /input of HVCALL_GET_IOMMU_CAPABILITIES[\s\S]*output of HVCALL_GET_IOMMU_CAPABILITIES/,
  );
  assert.match(hvabi(['layout', 'PCI_BUS_D0ENTRY']).out, /struct pci_bus_d0_entry \{/);
});

commands('--all --json has every declared layout with its members', () => {
  const rows = JSON.parse(hvabi(['layout', '--all', '--json']).out) as {
    name: string;
    arch: string;
    version: string;
    size: number;
    fields: { path: string; bitOffset: number; bitSize: number; kind: string; count?: number }[];
  }[];
  assert.ok(rows.length > 600);
  for (const row of rows) assert.equal(Object.keys(row), ['name', 'arch', 'version', 'size', 'fields']);
  const keys = rows.map((row) => `${row.name} ${row.arch} ${row.version}`);
  assert.is(new Set(keys).size, keys.length, 'a layout is listed once');
  const list = rows
    .find((row) => row.name === 'hv_input_map_device_gpa_pages')
    ?.fields.find((field) => field.path === 'gpa_page_list');
  assert.equal(list, { path: 'gpa_page_list', bitOffset: 320, bitSize: 0, kind: 'flexible-array' });
});

commands('--json of one name', () => {
  const rows = JSON.parse(hvabi(['layout', 'hv_interrupt_entry', '--json']).out) as { arch: string; size: number }[];
  assert.equal(
    rows.map(({ arch, size }) => ({ arch, size })),
    [
      { arch: 'x64', size: 16 },
      { arch: 'arm64', size: 24 },
    ],
  );
});

test.run();
commands.run();
