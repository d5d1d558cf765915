import { enumerations, guids } from '../abi/catalog.js';
import { catalog as hypercalls } from '../abi/hypercalls/catalog.js';
import { openvmmEnumerations } from '../abi/openvmm-enumerations.js';
import { guidToBytes } from '../bytes/guid.js';
import { hex8 } from '../bytes/hex.js';
import { enumMeta } from '../layout/scalar.js';
import type { AnyType, EnumMeta, NamedType } from '../layout/types.js';
import type { ExportOptions } from './select.js';

// Enumerations that hold for arm64 or for Linux 6.12 stand in the ABI under the plain name with one of these endings.
const ARM64 = /_arm64$/;
const LEGACY = /_6_12$/;

/** `#define` lines of every constant of the version, and the enumerations that members are declared with. */
export function constantLines(options: ExportOptions, types: readonly NamedType[]): string[] {
  const needed = new Map(types.flatMap(cEnumsOf).map((meta) => [meta.name, meta]));
  const inEnums = new Set([...needed.values()].flatMap((meta) => [...meta.names.values()]));
  const lines = [...needed.values()].flatMap(enumLines);
  if (options.names !== undefined) return lines;
  for (const [name, values] of families(options)) {
    const fresh = Object.entries(values).filter(([key]) => !inEnums.has(key));
    if (fresh.length === 0) continue;
    lines.push('', `/* ${name} */`, ...fresh.map(([key, value]) => `#define ${key} ${literal(value)}`));
  }
  return [
    ...lines,
    '',
    '/* hypercalls */',
    ...callLines(),
    '',
    '/* device classes: initialisers of guid_t */',
    ...guidLines(),
  ];
}

function callLines(): string[] {
  // Other spellings in C are those of older headers; HvCall… names are the TLFS's.
  return hypercalls.flatMap((call) =>
    [call.name, ...call.alias.filter((name) => name.startsWith('HVCALL_'))].map(
      (name) => `#define ${name} ${literal(call.code)}`,
    ),
  );
}

function guidLines(): string[] {
  return Object.entries(guids).map(
    ([name, text]) => `#define ${name} { { ${[...guidToBytes(text)].map((byte) => `0x${hex8(byte)}`).join(', ')} } }`,
  );
}

type Values = Readonly<Record<string, number | bigint>>;

/** Each name once, with the value of the architecture. */
function families({ arch, version }: ExportOptions): [name: string, values: Values][] {
  if (version === 'openvmm') return openvmmEnumerations.map((one) => prefixed(enumMeta(one).name, one));
  const named = enumerations.map((one) => ({ name: enumMeta(one).name, values: one as Values }));
  const chosen = named.filter(
    ({ name }) => (arch === 'arm64' || !ARM64.test(name)) && (version === 'linux-6.12' || !LEGACY.test(name)),
  );
  const taken = new Set<string>();
  const own = (name: string): boolean => ARM64.test(name) || LEGACY.test(name);
  const first = [...chosen.filter((one) => own(one.name)), ...chosen.filter((one) => !own(one.name))];
  return first.map(({ name, values }) => {
    const fresh = Object.entries(values).filter(([key]) => !taken.has(key));
    for (const [key] of fresh) taken.add(key);
    return [name, Object.fromEntries(fresh)];
  });
}

/** Enumerators of Rust are short words: they get the name of their type in front. */
function prefixed(name: string, values: object): [string, Values] {
  return [name, Object.fromEntries(Object.entries(values).map(([key, value]) => [`${name}_${key}`, value]))];
}

function enumLines({ name, names }: EnumMeta): string[] {
  const values = [...names].map(([value, key]) => `\t${key} = ${Number(value)},`);
  return ['', `enum ${name} {`, ...values, '};'];
}

function literal(value: number | bigint): string {
  if (value < 0) return `(${value})`;
  const text = value < 10 ? String(value) : `0x${value.toString(16)}`;
  return value > 0xffffffff ? `${text}ull` : `${text}u`;
}

/** Enumerations that C declares members with. */
function cEnumsOf(type: AnyType): EnumMeta[] {
  switch (type.kind) {
    case 'scalar':
      return type.cEnum ? [type.enumeration!] : [];
    case 'struct':
      return type.slots.flatMap((slot) => cEnumsOf(slot.type));
    case 'union':
      return Object.values(type.arms).flatMap(cEnumsOf);
    case 'anon':
    case 'array':
    case 'rep':
    case 'varhead':
      return cEnumsOf(type.of);
    default:
      return [];
  }
}
