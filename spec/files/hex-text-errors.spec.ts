import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AbiError } from '../../src/bytes/errors.js';
import type { HexDialect } from '../../src/files/hex-image.js';
import { parseHexText } from '../../src/files/hex-text.js';
import { HexTextError } from '../../src/files/hex-text-error.js';

interface Case {
  readonly what: string;
  readonly text: string;
  readonly forced?: HexDialect;
  readonly line: number;
  readonly column: number;
  readonly message: RegExp;
}

const XXD = '00000000: 0102 0304 0506 0708 090a 0b0c 0d0e 0f10  ................\n';

const cases: readonly Case[] = [
  {
    what: 'not hex digits',
    text: `${XXD}00000010: zz02 0304\n`,
    line: 2,
    column: 11,
    message: /expected two hex digits, found "zz02" \[E_HEX\]; use --format plain if this is not xxd output/,
  },
  {
    what: 'half a byte at the end of a row',
    text: `${XXD}00000010: 0102 030\n`,
    line: 2,
    column: 18,
    message: /expected two hex digits, found "0"/,
  },
  {
    what: 'a malformed first row',
    text: '00000000: 01zz 0304 0506 0708 090a 0b0c 0d0e 0f10  ................\n00000010: 0102  ..\n',
    line: 1,
    column: 13,
    message: /found "zz"/,
  },
  {
    what: 'a malformed row behind text',
    text: `${XXD}and\n00000010: zz02\n`,
    line: 3,
    column: 11,
    message: /found "zz02"/,
  },
  {
    what: 'rows that overlap',
    text: `${XXD}00000008: 0102\n`,
    line: 2,
    column: 1,
    message: /expected an address 16 bytes after the one before, found 8/,
  },
  {
    what: 'a row whose address is damaged',
    text: `${XXD}0000g010: 0102 0304 0506 0708 090a 0b0c 0d0e 0f10  ................\n`,
    line: 2,
    column: 5,
    message: /expected a row of the dump, found "g010:"/,
  },
  {
    what: 'kernel log: a damaged row without address',
    text: `[ 1.1] raw: ${'01 '.repeat(15)}02\n[ 11.1] raw: ${'01 '.repeat(7)}0z ${'01 '.repeat(7)}02\n`,
    line: 2,
    column: 35,
    message: /expected 2 hex digits, found "0z"/,
  },
  {
    what: 'kernel log: a damaged address behind a stamp of another width',
    text: '[ 1.1] raw: 00000000: 01 02 03 04\n[ 11.1] raw: 0000z004: 05 06 07 08\n',
    line: 2,
    column: 18,
    message: /expected a row like the one before, found "z004:"/,
  },
  {
    what: 'gdb x/a: pointers without leading zeros',
    text: '0x1000:\t0x00000001\n0x1004:\t0x401106 <main>\n',
    line: 2,
    column: 9,
    message: /expected 0x and 2, 4, 8 or 16 hex digits, found "0x401106"/,
  },
  { what: '* without a row', text: '*\n', forced: 'hexdump', line: 1, column: 1, message: /no hexdump dump found/ },
  {
    what: '* behind a finished dump',
    text: '00000000  01  |.|\n00000001\n*\n',
    line: 3,
    column: 1,
    message: /expected a line of bytes before "\*"/,
  },
  {
    what: '* without an end',
    text: '00000000  01  |.|\n*\n',
    line: 2,
    column: 1,
    message: /expected an address after "\*": how often the line repeats is not known/,
  },
  {
    what: '* and text',
    text: '00000000  01  |.|\n*\ncut here\n00000010\n',
    line: 2,
    column: 1,
    message: /expected an address after "\*"/,
  },
  {
    what: '* and an address that goes back',
    text: '00000010  01  |.|\n*\n00000000  01  |.|\n',
    line: 3,
    column: 1,
    message: /found one 17 bytes before the end/,
  },
  {
    what: '* for more than can be held',
    text: '00000000  01  |.|\n*\nffffffff00000000\n',
    line: 3,
    column: 1,
    message: /at most 1073741824 bytes/,
  },
  {
    what: 'a final address before the end',
    text: '00000000  01 02 03 04  |....|\n00000002\n',
    line: 2,
    column: 1,
    message: /expected the address after the last byte, found one -2 bytes off/,
  },
  {
    what: 'a final address that would cut more than padding',
    text: '0000000 0201 0403\n0000003\n',
    line: 2,
    column: 1,
    message: /found one -1 bytes off/,
  },
  {
    what: 'hexdump -C: three digits',
    text: '00000000  01 02 03 04  |....|\n00000004  010 02  |..|\n',
    line: 2,
    column: 11,
    message: /expected two hex digits, found "010"/,
  },
  {
    what: 'od: a word of another width',
    text: '000000 0201 0403\n000004 0201 040\n',
    line: 2,
    column: 13,
    message: /expected 4 hex digits, found "040"/,
  },
  {
    what: 'od: not octal',
    text: '0000000 000001 000002\n0000004 000008\n',
    line: 2,
    column: 9,
    message: /expected 6 octal digits, found "000008"/,
  },
  {
    what: 'WinDbg: half a word',
    text: 'ffff8000`00001000  00000001 0000z002\n',
    line: 1,
    column: 29,
    message: /expected 8 hex digits or question marks, found "0000z002".*not WinDbg output/,
  },
  {
    what: 'gdb: words of two widths',
    text: '0x1000:\t0x00000001\t0x01\n',
    line: 1,
    column: 20,
    message: /expected 0x and 8 hex digits, found "0x01"/,
  },
  {
    what: 'crash: a symbol among words (rd -s)',
    text: 'ffff888012345000:  0000000000000001 vmbus_open+8\n',
    line: 1,
    column: 37,
    message: /expected 16 hex digits, found "vmbus_open\+8"/,
  },
  {
    what: 'kernel log: a row cut off where a dump goes on',
    text: '[ 1.1] in: 00000000: 01 02 03 04\n[ 1.2] in: 00000004: 05 0\n',
    line: 2,
    column: 25,
    message: /expected 2 hex digits, found "0"/,
  },
  {
    what: 'plain: an odd digit',
    text: '0102030405060708\n0102 030\n',
    line: 2,
    column: 6,
    message: /even number of hex digits, found 3/,
  },
  { what: 'plain: text', text: '0102030405060708\n01 zz\n', line: 2, column: 4, message: /two hex digits, found "zz"/ },
  { what: 'plain: nothing behind 0x', text: '0x', forced: 'plain', line: 1, column: 1, message: /found "0x"/ },
  {
    what: 'plain, forced: an address',
    text: '00000000: 0102',
    forced: 'plain',
    line: 1,
    column: 9,
    message: /found ":"/,
  },
  {
    what: 'C array: a decimal',
    text: 'u8 a[] = {\n0x01, 0x02,\n12, 0x03\n};\n',
    line: 3,
    column: 1,
    message: /expected a value 0x.., found "12,"/,
  },
  {
    what: 'C array: values of several widths',
    text: '0x01, 0x02,\n0x0304, 0x05\n',
    line: 1,
    column: 1,
    message: /no hex dump/,
  },
  {
    what: 'C array: cut short by gdb',
    text: '$1 = {0x1, 0x2, 0x3...}\n',
    forced: 'c-array',
    line: 1,
    column: 20,
    message: /cut short with "\.\.\." \(gdb: set print elements unlimited\)/,
  },
  {
    what: 'C array: too many repeats',
    text: '$1 = {0x1, 0x0 <repeats 999999999 times>}\n',
    line: 1,
    column: 15,
    message: /at most 1048576 repeats/,
  },
  {
    what: 'bpftrace %r: characters among escapes',
    text: '\\x00\\x01\\x02 \n\\x00\\x01abc\\x02\n',
    line: 2,
    column: 9,
    message: /%rx prints every byte so, %r does not/,
  },
  {
    what: 'bpftrace: two buffers on one line',
    text: 'in \\x00\\x01 out \\x02\\x03\n',
    line: 1,
    column: 17,
    message: /two buffers on one line/,
  },
  {
    what: 'bpftrace %rh: two buffers on one line',
    text: 'Attaching 1 probe...\nin: 00 01 02 03 out: 00 01 02 03\n',
    line: 2,
    column: 22,
    message: /two buffers on one line/,
  },
  {
    what: 'xxd rows that turn out to be little-endian',
    text: `${XXD.replace('0102 0304', '4142 4344').replace('....', 'ABCD')}00000010: 4142 4344  BADC\n`,
    line: 2,
    column: 22,
    message: /little-endian groups/,
  },
  {
    what: 'little-endian rows that turn out not to be',
    text: '00000000: 64636261 00000001  abcd....\n00000008: 61626364 00000001  abcd....\n',
    line: 2,
    column: 30,
    message: /not little-endian/,
  },
  {
    what: 'no dump',
    text: '\n\nhello world\n',
    line: 3,
    column: 1,
    message: /no hex dump recognised, found "hello world" \[E_HEX\]; give/,
  },
  { what: 'nothing', text: '', line: 1, column: 1, message: /no hex dump recognised, found empty text/ },
  {
    what: 'no dump of the forced dialect',
    text: XXD,
    forced: 'windbg',
    line: 1,
    column: 1,
    message: /no windbg dump found/,
  },
  {
    what: 'xxd, forced: a malformed row alone',
    text: '00000000: 01zz\n',
    forced: 'xxd',
    line: 1,
    column: 13,
    message: /"zz"/,
  },
];

const test = suite('files/HexTextError');

for (const { what, text, forced, line, column, message } of cases) {
  test(`${what}: says where and what`, () => {
    try {
      parseHexText(text, forced === undefined ? {} : { dialect: forced });
    } catch (error) {
      assert.ok(error instanceof HexTextError && error instanceof AbiError, String(error));
      assert.match(error.message, message);
      assert.match(error.message, `line ${line}, column ${column}: `);
      assert.is(error.line, line);
      assert.is(error.column, column);
      assert.is(error.code, 'E_HEX');
      assert.is(error.name, 'HexTextError');
      return;
    }
    assert.unreachable('no error');
  });
}

test.run();
