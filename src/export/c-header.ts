import { assertType } from './c-asserts.js';
import { constantLines } from './c-constants.js';
import { defineType } from './c-types.js';
import { type ExportOptions, selectTypes } from './select.js';

/**
 * A header for C11 and C++11 with one packed definition per declared type, the constants, and a static assert per size and
 * offset. Bit-fields have no address: cBitCheck is a program that checks them.
 * Throws AbiError E_UNKNOWN_NAME for a name that is not declared, E_NO_VERSION for a version without a layout.
 */
export function cHeader(options: ExportOptions): string {
  const { arch, version } = options;
  const selection = selectTypes(options);
  const guard = `HVABI_${[arch, version ?? 'newest']
    .join('_')
    .replace(/[^A-Za-z0-9]/g, '_')
    .toUpperCase()}_H`;
  return [
    `/* Hyper-V ABI, ${arch}, ${version ?? 'newest layout of each type'}. Derived from the declarations of hvabi; little-endian hosts only. */`,
    `#ifndef ${guard}`,
    `#define ${guard}`,
    '',
    '#include <stddef.h>',
    '#include <stdint.h>',
    '',
    '#ifdef __cplusplus',
    '#define HVABI_ASSERT static_assert',
    '#else',
    '#define HVABI_ASSERT _Static_assert',
    '#endif',
    ...constantLines(options, selection.types),
    '',
    '#pragma pack(push, 1)',
    '',
    ...GUID,
    ...selection.types
      .filter((type) => type.name !== 'guid_t')
      .flatMap((type) => ['', ...originOf(type.origin), ...defineType(type, selection)]),
    '',
    '#pragma pack(pop)',
    '',
    ...selection.types.flatMap((type) => assertType(type, selection)),
    '',
    '#undef HVABI_ASSERT',
    `#endif /* ${guard} */`,
    '',
  ].join('\n');
}

// Present whatever is asked for: members of this type are common.
const GUID = ['typedef struct guid_t {', '\tuint8_t b[16];', '} guid_t;'];

function originOf(origin: { readonly from: string; readonly version: string } | undefined): string[] {
  return origin === undefined ? [] : [`/* ${origin.from} (${origin.version}) */`];
}
