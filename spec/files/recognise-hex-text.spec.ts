import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { recogniseHexText } from '../../src/files/hex-text.js';

/** Texts that hold hex and are no dump of bytes. */
const others: readonly (readonly [what: string, text: string])[] = [
  ['nothing', ''],
  ['blank lines', '\n \n\t\n'],
  ['prose', 'The quick brown fox\njumps over the lazy dog.\n'],
  ['a JSON line', '{"n":1,"k":"hypercall","control":"0x000000000001005c","in":"5c00010003000100"}\n'],
  ['a TSV', 'guid\tdomain\n8fd2b1c6-37a9-4e05-9d1c-000000000000\t37a9\n'],
  ['a GUID', '8fd2b1c6-37a9-4e05-9d1c-000000000000\n'],
  ['sha256sum', `${'0123456789abcdef'.repeat(4)}  pages.bin\n`],
  ['git log --oneline', '0123456 fix the ring\n89abcde add the ring\n'],
  ['objdump -d', '  401106:\t55                   \tpush   %rbp\n  401107:\t48 89 e5             \tmov    %rsp,%rbp\n'],
  ['gdb disassembly', '   0x401106 <main>:\tpush   %rbp\n   0x401107 <main+1>:\tmov    %rsp,%rbp\n'],
  ['WinDbg disassembly', 'fffff803`12345678 4889c8          mov     rax,rcx\nfffff803`1234567b c3              ret\n'],
  ['WinDbg stack', '00 fffff803`11111110 fffff803`12345678     nt!KeBugCheckEx\n'],
  ['WinDbg da', 'fffff803`12345678  "Hello"\n'],
  ['WinDbg lm', 'start             end                 module name\nfffff803`12200000 fffff803`13246000   nt\n'],
  ['/proc/iomem', '00000000-00000fff : Reserved\n00001000-0009fbff : System RAM\n'],
  ['/proc/kallsyms', 'ffffffff81000000 T _text\nffffffff81000000 t startup_64\n'],
  ['/proc/PID/maps', '00400000-00401000 r--p 00000000 08:01 1234   /bin/true\n'],
  [
    'dmesg',
    '[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable\n[    0.000001] x: 10 20 30\n',
  ],
  ['dmesg registers', '[    1.000000] RAX: 0000000000000000 RBX: ffff888012345000 RCX: 0000000000000001\n'],
  ['dmesg code line', '[    1.0] Code: 00 00 48 89 e5 <0f> 0b 5d c3\n'],
  ['lspci -n', '00:00.0 0600: 8086:7192 (rev 03)\n'],
  ['systemd names', 'Found device dev-disk-by\\x2duuid-1234.device\n'],
  ['ftrace', '<idle>-0 [002] d.h1. 1234.567890: vmbus_on_msg_dpc: msgtype=1\n'],
  ['a table of numbers', '1 10 100\n2 20 200\n'],
  ['xxd -b of one row', '00000000: 01000001 01000010  AB\n'],
  ['an address and bytes of no known tool', '001000 00 01 02 03\n'],
];

const test = suite('files/recogniseHexText');

for (const [what, text] of others) {
  test(`${what}: not a dump`, () => {
    assert.is(recogniseHexText(text), undefined);
  });
}

test('a dump far behind other text is found', () => {
  const log = Array.from({ length: 1000 }, (_, i) => `[${i}.0] eth0: link is up\n`).join('');
  assert.is(recogniseHexText(`${log}[1000.1] in: 00000000: 5c 00 01 00\n`), 'kernel-log');
});

test('the first dump decides', () => {
  const xxd = '00000000: 0102 0304  ....\n';
  const hexdump = '00000000  01 02  |..|\n';
  assert.is(recogniseHexText(`a\n${xxd}b\n${hexdump}`), 'xxd');
  assert.is(recogniseHexText(`a\n${hexdump}b\n${xxd}`), 'hexdump');
});

test('unsure lines count only when there is nothing else', () => {
  assert.is(recogniseHexText('dead\nbeef\n'), 'plain');
  assert.is(recogniseHexText('dead\nbeef\nis food\n'), undefined);
  assert.is(recogniseHexText('in: 5c 00 01 00\nin: 5c 00 01 00\n'), 'bpftrace');
  assert.is(recogniseHexText('in: 5c 00 01 00\na\nb\nc\n'), undefined);
});

test.run();
