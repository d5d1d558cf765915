import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cBitCheck } from '../../src/export/c-bit-check.js';
import { cHeader } from '../../src/export/c-header.js';
import type { ExportOptions } from '../../src/export/select.js';
import { hasCompiler, type Ran, runProgram } from '../support/compiler.js';
import { PLAIN_IN_C } from '../support/layout-facts.js';
import { withTempFolder } from '../support/project.js';
import { skipUnless } from '../support/skip.js';
import { readTsv } from '../support/tsv.js';

interface Language {
  readonly name: string;
  readonly compiler: string;
  readonly args: readonly string[];
}

const C: Language = { name: 'C11', compiler: 'gcc', args: ['-x', 'c', '-std=c11'] };
const CXX: Language = { name: 'C++17', compiler: 'g++', args: ['-x', 'c++', '-std=c++17'] };
const CROSS = 'aarch64-linux-gnu-gcc';
const WARNINGS = ['-Wall', '-Wextra', '-Werror'];

const when = new Map(
  [C.compiler, CXX.compiler, CROSS].map((program) => [
    program,
    skipUnless(hasCompiler(program), `no ${program} on PATH`),
  ]),
);

const X64: ExportOptions = { arch: 'x64' };
// All types are packed and of fixed width, so a compiler for x64 can check the layouts of arm64 too.
const HEADERS: ExportOptions[] = [
  X64,
  { arch: 'arm64' },
  { arch: 'x64', version: 'linux-6.12' },
  { arch: 'arm64', version: 'linux-6.12' },
  { arch: 'x64', version: 'series-rfc-2021' },
  { arch: 'x64', version: 'series-root' },
  { arch: 'x64', version: 'openvmm' },
];

/** Compiles `source` with `hv.h` beside it and runs what comes out; a failure to compile is reported as it is. */
function build(language: Language, header: string, source: string): Promise<Ran> {
  return withTempFolder((folder) => {
    writeFileSync(join(folder, 'hv.h'), header);
    writeFileSync(join(folder, 'check'), source);
    const made = runProgram(language.compiler, [...language.args, ...WARNINGS, '-o', 'out', 'check'], folder);
    return made.code === 0 ? runProgram(join(folder, 'out'), [], folder) : made;
  });
}

const law = suite('law: gcc over the derived header');

for (const language of [C, CXX]) {
  for (const options of HEADERS) {
    const which = `${options.arch} ${options.version ?? 'newest'}`;
    when.get(language.compiler)!(law, `${language.name}, ${which}: sizes, offsets and bit-fields`, async () => {
      const { code, output } = await build(language, cHeader(options), cBitCheck(options, 'hv.h'));
      assert.is(code, 0, output);
      assert.ok(Number(/^(\d+) bit-fields, 0 wrong$/m.exec(output)?.[1]) > 400, output);
    });
  }
}

when.get(CROSS)!(law, 'C11 with the cross compiler, arm64: sizes and offsets', () =>
  withTempFolder((folder) => {
    writeFileSync(join(folder, 'hv.h'), cHeader({ arch: 'arm64' }));
    writeFileSync(join(folder, 'check'), '#include "hv.h"\n');
    const ran = runProgram(CROSS, [...C.args, ...WARNINGS, '-fsyntax-only', 'check'], folder);
    assert.is(ran.code, 0, ran.output);
  }),
);

/** The facts themselves as asserts: what the header says of itself is not looked at. */
function factAsserts(tables: readonly string[], names?: ReadonlySet<string>): string {
  const lines = tables
    .flatMap((path) => readTsv(path))
    .flatMap((row) => {
      const of = `${row.kind} ${row.struct}`;
      if (names?.has(row.struct!)) return [];
      const size = `_Static_assert(sizeof(${of}) == ${row.size}, "${of}");`;
      if (row.fieldKind === 'bits' || PLAIN_IN_C.includes(`${row.struct}.${row.field}`)) return [size];
      return [size, `_Static_assert(offsetof(${of}, ${row.field}) == ${row.bitOffset} / 8, "${of}.${row.field}");`];
    });
  return ['#include "hv.h"', ...lines, 'int main(void) { return 0; }', ''].join('\n');
}

const LINUX_X64 = 'fixtures/layout/linux-x64.tsv';
const LINUX_ARM64 = 'fixtures/layout/linux-arm64.tsv';
const arm64Names = new Set(readTsv(LINUX_ARM64).map((row) => row.struct!));

when.get(C.compiler)!(law, 'the header under the facts of Linux, x64', async () => {
  const { code, output } = await build(C, cHeader(X64), factAsserts([LINUX_X64]));
  assert.is(code, 0, output);
});

when.get(C.compiler)!(law, 'the header under the facts of Linux, arm64', async () => {
  const header = cHeader({ arch: 'arm64' });
  assert.is((await build(C, header, factAsserts([LINUX_ARM64]))).code, 0);
  const { code, output } = await build(C, header, factAsserts([LINUX_X64], arm64Names));
  assert.is(code, 0, output);
});

when.get(C.compiler)!(law, 'the constants are usable', async () => {
  const source = [
    '#include "hv.h"',
    'static const guid_t vpci = HV_PCIE_GUID;',
    '_Static_assert(HVCALL_MAP_DEVICE_GPA_PAGES == 0xb3, "call code");',
    '_Static_assert(HV_PARTITION_ID_SELF == 0xffffffffffffffffull, "64 bits");',
    '_Static_assert(CHANNELMSG_OFFERCHANNEL == 1, "enumerator");',
    'int main(void) { return vpci.b[0] != 0x1d || vpci.b[15] != 0x9f; }',
    '',
  ].join('\n');
  const { code, output } = await build(C, cHeader(X64), source);
  assert.is(code, 0, output);
});

const SMALL: ExportOptions = { arch: 'x64', names: ['pci_create_interrupt3', 'hv_input_map_device_interrupt'] };

const tampered: [what: string, from: string, to: string, said: RegExp][] = [
  [
    'a wider member',
    'uint32_t base_irt_idx;',
    'uint64_t base_irt_idx;',
    /static assertion failed: "size of struct hv_input_map_device_interrupt"/,
  ],
  [
    'two members in the wrong order',
    'uint8_t delivery_mode;\n\tuint8_t reserved;',
    'uint8_t reserved;\n\tuint8_t delivery_mode;',
    /static assertion failed: "offset of struct hv_msi_desc3\.delivery_mode"/,
  ],
  [
    'a moved bit-field',
    'uint32_t dev : 5;\n\t\tuint32_t func : 3;',
    'uint32_t func : 3;\n\t\tuint32_t dev : 5;',
    /union win_slot_encoding\.bits\.dev: not bits 0 to 4/,
  ],
  ['a member that is not there', 'uint64_t partition_id;', 'uint64_t partition;', /has no member named .partition_id/],
];

for (const [what, from, to, said] of tampered) {
  when.get(C.compiler)!(law, `a tampered header is refused: ${what}`, async () => {
    const header = cHeader(SMALL);
    assert.ok(header.includes(from), `${from} is not in the header`);
    const { code, output } = await build(C, header.replace(from, to), cBitCheck(SMALL, 'hv.h'));
    assert.is.not(code, 0);
    assert.match(output, said);
  });
}

law.run();
