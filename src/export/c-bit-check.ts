import { ownBitFields } from './bit-fields.js';
import { tagOf } from './c-types.js';
import { type ExportOptions, selectTypes } from './select.js';

/**
 * A C program (also C++) that stores ones through each bit-field of the header named `header` and compares the bits that
 * became dirty with the declared ones. Prints a line per wrong field and the number of fields; exits 1 when one is wrong.
 */
export function cBitCheck(options: ExportOptions, header: string): string {
  const selection = selectTypes(options);
  const checks = selection.types.flatMap((type) =>
    ownBitFields(type).map(
      (field) =>
        `\tCHECK(${tagOf(type)} ${selection.nameOf(type)}, ${field.path}, ${field.bitOffset}, ${field.bitSize});`,
    ),
  );
  return [
    ...head(header),
    ...checks,
    '\tprintf("%u bit-fields, %u wrong\\n", fields, wrong);',
    '\treturn wrong != 0;',
    '}',
    '',
  ].join('\n');
}

function head(header: string): string[] {
  return [
    '#include <stdio.h>',
    '#include <string.h>',
    `#include "${header}"`,
    '',
    // Not a constant to the compiler, which would warn of bits cut off.
    'static volatile uint64_t ones = ~(uint64_t)0;',
    'static unsigned fields, wrong;',
    '',
    'static void compare(const char *name, const unsigned char *bytes, size_t size, unsigned at, unsigned width)',
    '{',
    '\tsize_t i;',
    '\tunsigned bit, bad = 0;',
    '\tfor (i = 0; i < size; i++)',
    '\t\tfor (bit = 0; bit < 8; bit++)',
    '\t\t\tbad |= ((bytes[i] >> bit) & 1u) != (i * 8 + bit >= at && i * 8 + bit < at + width);',
    '\tif (bad)',
    '\t\tprintf("%s: not bits %u to %u\\n", name, at, at + width - 1);',
    '\tfields++;',
    '\twrong += bad;',
    '}',
    '',
    '#define CHECK(type, path, at, width) \\',
    '\tdo { \\',
    '\t\ttype value; \\',
    '\t\tmemset((void *)&value, 0, sizeof(value)); \\',
    '\t\tvalue.path = ones; \\',
    '\t\tcompare(#type "." #path, (const unsigned char *)&value, sizeof(value), at, width); \\',
    '\t} while (0)',
    '',
    'int main(void)',
    '{',
  ];
}
