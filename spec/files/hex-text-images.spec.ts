import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import type { HexDialect } from '../../src/files/hex-image.js';
import { parseHexText, recogniseHexText } from '../../src/files/hex-text.js';

interface Case {
  readonly what: string;
  readonly text: string;
  readonly dialect?: HexDialect;
  /** base, bytes and holes of each image: `0x10 5c00 4+4`. */
  readonly images: readonly string[];
  /** The source lines of the first image. */
  readonly lines?: readonly number[];
  /** What the doubts must name. */
  readonly doubt?: RegExp;
}

const ROW = (at: number, byte: string, gap = ':') =>
  `${at.toString(16).padStart(8, '0')}${gap} ${`${byte}${byte} `.repeat(8)} ${'.'.repeat(16)}\n`;
const bytes16 = (byte: string) => byte.repeat(16);

const cases: readonly Case[] = [
  {
    what: 'rows that follow each other are one image',
    text: ROW(0, '01') + ROW(16, '02'),
    images: [`0x0 ${bytes16('01')}${bytes16('02')}`],
    lines: [1, 2],
  },
  {
    what: 'a forward gap is a hole',
    text: ROW(0, '01') + ROW(0x40, '02'),
    images: [`0x0 ${bytes16('01')}${'00'.repeat(48)}${bytes16('02')} 16+48`],
    lines: [1, 2],
  },
  {
    what: 'a gap of 1 MiB is a hole still',
    text: ROW(0, '01') + ROW(0x100010, '02'),
    images: [`0x0 ${bytes16('01')}${'00'.repeat(1 << 20)}${bytes16('02')} 16+1048576`],
  },
  {
    what: 'a longer gap starts a new image',
    text: ROW(0, '01') + ROW(0x100011, '02'),
    images: [`0x0 ${bytes16('01')}`, `0x100011 ${bytes16('02')}`],
  },
  {
    what: 'an address that goes back starts a new image',
    text: ROW(0x20, '01') + ROW(0, '02'),
    images: [`0x20 ${bytes16('01')}`, `0x0 ${bytes16('02')}`],
  },
  {
    what: 'the same address again starts a new image',
    text: ROW(0, '01') + ROW(0, '02'),
    images: [`0x0 ${bytes16('01')}`, `0x0 ${bytes16('02')}`],
  },
  {
    what: 'text between file dumps starts a new image',
    text: `first:\n${ROW(0, '01')}second:\n${ROW(16, '02')}`,
    images: [`0x0 ${bytes16('01')}`, `0x10 ${bytes16('02')}`],
    lines: [2],
  },
  {
    what: 'a blank line means nothing',
    text: `\n${ROW(0, '01')}\n  \n${ROW(16, '02')}\n`,
    images: [`0x0 ${bytes16('01')}${bytes16('02')}`],
    lines: [2, 5],
  },
  {
    what: 'a prompt between debugger rows that go on does not end the image',
    text: 'kd> dq ffff8000`00001000 L1\nffff8000`00001000  00000000`00000001\nkd> dd\nffff8000`00001008  00000002\n',
    images: ['0xffff800000001000 010000000000000002000000'],
    lines: [2, 4],
  },
  {
    what: 'a prompt before debugger rows elsewhere ends it, even for a small gap',
    text: '(gdb) x/gx 0x1000\n0x1000:\t0x0000000000000001\n(gdb) x/gx 0x1010\n0x1010:\t0x0000000000000002\n',
    images: ['0x1000 0100000000000000', '0x1010 0200000000000000'],
  },
  {
    what: 'a hole over the end of one row and the start of the next is one hole',
    text: '00001000`00000000  01 ?? ?? ??\n00001000`00000004  ?? 02\n',
    dialect: 'windbg',
    images: ['0x100000000000 010000000002 1+4'],
  },
  {
    what: 'unreadable words of every width',
    text: [
      'ffff8000`00001000  ????????`???????? 00000000`00000001',
      'ffff8000`00001010  ???????? 00000002',
      'ffff8000`00001018  ???? 0003',
      '',
    ].join('\n'),
    images: [`0xffff800000001000 ${'00'.repeat(8)}010000000000000000000000020000000000${'0300'} 0+8 16+4 24+2`],
  },
  {
    what: 'dps: the symbol behind a pointer is not a word',
    text: 'ffff8000`00001000  fffff803`11111111 nt!KeBugCheckEx+0x12\nffff8000`00001008  00000000`00000002\n',
    images: ['0xffff800000001000 1111111103f8ffff0200000000000000'],
  },
  {
    what: 'dc: characters behind words',
    text: 'ffff8000`00001000  64636261 20303030 00000000 41424344  abcd000 ....DCBA\n',
    images: ['0xffff800000001000 61626364303030200000000044434241'],
  },
  {
    what: '!db of fewer bytes shows sixteen characters, which may look like bytes',
    text: '# 6694e6b 8b ff 55 41 42 43 44 45 46 47\n',
    images: ['0x6694e6b 8bff5541424344454647'],
  },
  {
    what: '!db: the length of the row tells where the characters start',
    text: '# 6694e6b 8b ff 55 41 42 43 44 45 46',
    images: ['0x6694e6b 8bff5541424344454647'.slice(0, -2)],
  },
  {
    what: '* repeats the row before up to the next address',
    text: '00000010  aa bb cc dd ee ff 00 11  22 33 44 55 66 77 88 99  |................|\n*\n00000040  01  |.|\n00000041\n',
    images: [`0x10 ${'aabbccddeeff00112233445566778899'.repeat(3)}01`],
    lines: [1, 2, 3],
  },
  {
    what: '* up to the final address, a part of a row',
    text: '0000000 0100 0100 0100 0100 0100 0100 0100 0100\n*\n0000025\n',
    images: [`0x0 ${'0001'.repeat(18)}00`],
    doubt: /radix 16/,
  },
  {
    what: 'the final address takes the padding off',
    text: '0000000 0201 0003\n0000003\n',
    images: ['0x0 010203'],
  },
  {
    what: 'bytes missing before the final address are a hole',
    text: '00000000  01 02  |..|\n00000004\n',
    images: ['0x0 01020000 2+2'],
  },
  {
    what: 'a final address ends the image',
    text: '00000000  01 02  |..|\n00000002\n00000002  03 04  |..|\n00000004\n',
    images: ['0x0 0102', '0x2 0304'],
  },
  {
    what: 'dumps of several tools in one text',
    text: `${ROW(0, '01')}$ hexdump -C b\n00000000  02 03  |..|\n00000002\n0x1000:\t0x00000004\n04050607 08090a0b\n`,
    images: [`0x0 ${bytes16('01')}`, '0x0 0203', '0x1000 04000000', '0x0 0405060708090a0b'],
  },
  {
    what: 'a plain line of digits behind a finished dump is not its end again',
    text: '00000000  02 03  |..|\n00000002\n0011223344556677\n',
    images: ['0x0 0203', '0x0 0011223344556677'],
  },
  {
    what: 'xxd of old, seven digits',
    text: '0000000: 0102 03  ...\n',
    images: ['0x0 010203'],
  },
  {
    what: 'addresses of more than 32 bits',
    text: '1fffffff0: 0102 0304 0506 0708 090a 0b0c 0d0e 0f10  ................\n200000000: 11  .\n',
    images: ['0x1fffffff0 0102030405060708090a0b0c0d0e0f1011'],
  },
  {
    what: 'the last page of the address space',
    text: '0xfffffffffffffff0:\t0x0000000000000001\t0x0000000000000002\n',
    images: ['0xfffffffffffffff0 01000000000000000200000000000000'],
  },
  {
    what: 'lldb: characters that look like bytes',
    text: '0x1000: 61 62 20 30 31                                   ab 01\n0x1005: 62                                               b\n',
    images: ['0x1000 616220303162'],
  },
  {
    what: 'gdb: a template in the name',
    text: '0x1000 <std::map<int, a::b<c>>::rows(int)+16>:\t0x01\t0x02\n',
    images: ['0x1000 0102'],
  },
  {
    what: 'U-Boot md: words, four spaces, characters',
    text: '00010000: 64636261 00000000 f0f30f00 00005596    abcd.........U..\n',
    images: ['0x10000 6162636400000000000ff3f096550000'],
  },
  {
    what: 'kernel log: rows of another CPU between do not end a dump with offsets',
    text: '[ 1.1] in: 00000000: 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10\n[ 1.2] eth0: up\n[ 1.3] in: 00000010: 11\n',
    images: ['0x0 0102030405060708090a0b0c0d0e0f1011'],
    lines: [1, 3],
  },
  {
    what: 'kernel log: another label is another dump',
    text: '[ 1.1] in: 00000000: 01 02 03 04\n[ 1.3] out: 00000004: 05\n',
    images: ['0x0 01020304', '0x4 05'],
  },
  {
    what: 'kernel log: characters of a row that look like a row',
    text: '[ 1.1] raw: 30 30 30 30 30 30 30 30 3a 20 35 63 20 30 30 20  00000000: 5c 00 \n[ 1.1] raw: 30 30                                            00\n',
    images: ['0x0 30303030303030303a203563203030203030'],
  },
  {
    what: 'kernel log: without stamps, told by the prefix',
    text: 'hv_pci in: 00000000: 01 02 03 04\n',
    dialect: 'kernel-log',
    images: ['0x0 01020304'],
  },
  {
    what: 'kernel log: wall clock and ISO stamps',
    text: '[Thu Nov 20 10:02:03 2025] in: 00000000: 01 02\n2025-11-20T10:02:04+01:00 guest kernel: in: 00000002: 03\n',
    dialect: 'kernel-log',
    images: ['0x0 010203'],
  },
  { what: 'plain: groups of any size', text: '5c00 01 00030001,00\n0xFE\n', images: ['0x0 5c00010003000100fe'] },
  {
    what: 'plain: one 0x token is bytes in their order',
    text: '0x5c00010003000100\n',
    images: ['0x0 5c00010003000100'],
  },
  { what: 'plain: a short string alone', text: 'fe', dialect: 'plain', images: ['0x0 fe'] },
  {
    what: 'plain: lines and blank lines are one image',
    text: '5c00\n\n0100\n',
    images: ['0x0 5c000100'],
    lines: [1, 3],
  },
  { what: 'C array without its frame', text: '0x0a, 0xfe,\n0x1, 0x2\n', dialect: 'c-array', images: ['0x0 0afe0102'] },
  {
    what: 'C array on one line, with comments',
    text: 'static const u8 page[4] = { 0x0a, /* 0xff */ 0xfe, 0x01 }; // 0x02\nint x = 3;\n',
    images: ['0x0 0afe01'],
  },
  {
    what: 'two C arrays are two images',
    text: 'u8 a[] = {\n0x01, 0x02\n};\nu8 b[] = {\n0x03\n};\n',
    images: ['0x0 0102', '0x0 03'],
  },
  {
    what: 'C array of words: little-endian, and says so',
    text: 'u32 a[] = { 0x00000001, 0x00000002 };\n',
    images: ['0x0 0100000002000000'],
    doubt: /little-endian words/,
  },
  { what: 'bpftrace %rx behind a label', text: 'in=\\x0a\\xfe\n', dialect: 'bpftrace', images: ['0x0 0afe'] },
  { what: 'a C string over two lines', text: '"\\x00\\x01"\n"\\x02\\x03";\n', images: ['0x0 00010203'] },
  { what: "Python's bytes", text: "b'\\x00\\x01\\x02'\n", images: ['0x0 000102'] },
  {
    what: 'xxd of 4-byte groups: the characters tell the order',
    text: '00000000: 61626364 00000001  abcd....\n',
    dialect: 'xxd',
    images: ['0x0 6162636400000001'],
  },
  {
    what: 'xxd -e: the characters tell the order',
    text: '00000000: 64636261 00000001  abcd....\n',
    dialect: 'xxd-le',
    images: ['0x0 6162636401000000'],
  },
  {
    what: 'xxd -e: a short word at the right of its column tells the order',
    text: '00000000: 04030201       05                    .....\n',
    dialect: 'xxd-le',
    images: ['0x0 0102030405'],
  },
  {
    what: 'xxd of 4-byte groups that tell nothing: leading zeros mean values',
    text: '00000000: 00000001 0000f200 00000003 80000000  ................\n',
    dialect: 'xxd-le',
    images: ['0x0 0100000000f200000300000000000080'],
    doubt: /little-endian/,
  },
  {
    what: 'xxd of 4-byte groups that tell nothing: trailing zeros mean bytes',
    text: '00000000: 01000000 00f20000 03000000 00000080  ................\n',
    dialect: 'xxd',
    images: ['0x0 0100000000f200000300000000000080'],
    doubt: /order shown/,
  },
  {
    what: 'xxd of equal bytes leaves no doubt',
    text: '00000000: ffffffff ffffffff ffffffff ffffffff  ................\n',
    dialect: 'xxd',
    images: [`0x0 ${'ff'.repeat(16)}`],
  },
  {
    what: "words without characters are the kernel's or a debugger's",
    text: 'ffff888012345000: 00000000000000b8 0000000000000001\n',
    dialect: 'xxd-le',
    images: ['0xffff888012345000 b8000000000000000100000000000000'],
  },
  {
    what: 'one row of od: the radix of its address is a guess, and it says so',
    text: '0001000 0201 0403\n',
    dialect: 'hexdump-words',
    images: ['0x1000 01020304'],
    doubt: /radix 16/,
  },
  {
    what: 'hexdump -C whose characters were cut off',
    text: '00000000  01 02 03 04 05 06 07 08  09 0a\n0000000a\n',
    images: ['0x0 0102030405060708090a'],
  },
];

const test = suite('files/parseHexText images');

for (const { what, text, dialect, images, lines, doubt } of cases) {
  test(what, () => {
    const read = parseHexText(text);
    const shown = read.map((image) => {
      const holes = image.holes.map((hole) => ` ${hole.offset}+${hole.length}`).join('');
      return `0x${image.base.toString(16)} ${bytesToHex(image.bytes)}${holes}`;
    });
    assert.equal(shown, images);
    if (dialect !== undefined) assert.is(read[0]!.dialect, dialect);
    assert.is(recogniseHexText(text), read[0]!.dialect);
    if (lines !== undefined)
      assert.equal(
        read[0]!.lines.map((span) => span.line),
        lines,
      );
    assert.match(read.flatMap((image) => image.doubts).join('\n'), doubt ?? /^$/);
    assert.ok(read.every((image) => !image.continues));
  });
}

test('gaps cannot outgrow the text by more than a bounded factor', () => {
  let text = '';
  for (let i = 0; i < 300; i++) text += ROW(i * 0x100010, '01');
  const images = parseHexText(text);
  const total = images.reduce((sum, image) => sum + image.bytes.length, 0);
  assert.ok(total < 20 << 20, `${total} bytes from ${text.length} characters`);
  assert.is(
    images.reduce((sum, image) => sum + image.lines.length, 0),
    300,
  );
});

test.run();
