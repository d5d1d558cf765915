import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AbiError, ERROR_CODES, type ErrorCode } from '../../src/bytes/errors.js';
import { hexToBytes } from '../../src/bytes/hex.js';
import { Decoder } from '../../src/capture/decoder.js';
import { requireName } from '../../src/capture/names.js';
import { PlainReader } from '../../src/capture/plain.js';
import { bits } from '../../src/layout/bits.js';
import { decode, encodeUnchecked } from '../../src/layout/codec.js';
import { only, versions } from '../../src/layout/group.js';
import { fromJson } from '../../src/layout/json.js';
import { rep } from '../../src/layout/list.js';
import { atomic, bytes, u8, u32 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { anon, union } from '../../src/layout/union.js';
import { view } from '../../src/layout/view.js';
import { inProject, listFiles, readProjectText } from '../support/project.js';

// Every code of the table is thrown by a spec: by one of these, or by one in the folder of the layer that owns the code.

const one = struct('one', 1, { a: u8 });
const either = struct('either', 1, { u: union({ a: u8, b: u8 }, {}) });

type Throw = () => unknown;
/** A folder of spec/: its specs name the code, from the day that the folder exists. */
type Owner = 'guest' | 'hypervisor' | 'memory' | 'ring';

const thrown = {
  E_LAYOUT_SIZE: () => struct('s', 2, { a: u8 }),
  E_LAYOUT_NAME: () => struct('s t', 1, { a: u8 }),
  E_LAYOUT_BITS: () => bits(u8, { a: 7 }),
  E_LAYOUT_TAG: () => struct('s', 1, { a: u8, list: rep(u8, { count: 'b' }) }),
  E_LAYOUT_ORDER: () => struct('s', 1, { list: rep(u8), a: u8 }),
  E_LAYOUT_KIND: () => struct('s', 1, { a: anon(u8) }),
  E_TRUNCATED: () => decode(one, new Uint8Array(0)),
  E_TRAILING: () => decode(one, new Uint8Array(2)),
  E_TYPE: () => encodeUnchecked(one, { a: '1' }),
  E_RANGE: () => encodeUnchecked(one, { a: 256 }),
  E_LENGTH: () => encodeUnchecked(bytes(2), new Uint8Array(3)),
  E_MISSING: () => encodeUnchecked(one, {}),
  E_UNKNOWN_FIELD: () => fromJson(one, { a: 1, b: 2 }),
  E_ARM: () => encodeUnchecked(either, { u: {} }),
  E_ALIGN: () => view(struct({ cell: atomic(u32) }), new Uint8Array(8), 1).cell,
  E_NO_VERSION: () => only(versions({ a: one, b: struct('one', 2, { a: u8, b: u8 }) })),
  E_HEX: () => hexToBytes('xy'),
  E_UNKNOWN_NAME: () => requireName('no such name'),
  E_FORMAT: () => new PlainReader({}),
  E_RECORD: () => new Decoder().push({}),
  E_DIRECTION: 'guest',
  E_GPA: 'memory',
  E_REENTRY: 'memory',
  E_AREA: 'memory',
  E_FRAME: 'memory',
  E_RING_AREA: 'ring',
  E_RING_INDEX: 'ring',
  E_RING_PACKET: 'ring',
  E_RING_RANGE: 'ring',
  E_RING_SIZE: 'ring',
  E_HYPERVISOR: 'hypervisor',
} satisfies Record<ErrorCode, Throw | Owner>;

const law = suite('law: error codes');

law('the table is whole', () => {
  assert.equal(Object.keys(thrown).sort(), Object.keys(ERROR_CODES).sort());
});

for (const [code, by] of Object.entries<Throw | Owner>(thrown)) {
  if (typeof by === 'function') law(`${code} is thrown`, () => assert.is(codeOf(by), code));
  else law(`${code} is thrown by a spec of ${by}, once there are any`, () => assert.is(namedBy(by, code), true));
}

function codeOf(call: Throw): string {
  try {
    call();
  } catch (error) {
    if (error instanceof AbiError) return error.code;
    throw error;
  }
  return 'nothing is thrown';
}

function namedBy(folder: Owner, code: string): boolean {
  const specs = listFiles(inProject('spec', folder), '.spec.ts');
  if (!existsSync(inProject('spec', folder)) || specs.length === 0) return true;
  return specs.some((path) => new RegExp(`\\b${code}\\b`).test(readProjectText('spec', folder, path)));
}

law('every code is used in the library', () => {
  const sources = listFiles(inProject('src'), '.ts').filter((path) => path !== 'bytes/errors.ts');
  const text = sources.map((path) => readProjectText('src', path)).join('\n');
  const owners = new Set<unknown>(Object.values(thrown).filter((by) => typeof by === 'string'));
  const missing = (Object.keys(thrown) as ErrorCode[]).filter((code) => !text.includes(`'${code}'`));
  const early = missing.filter(
    (code) => owners.has(thrown[code]) && !existsSync(inProject('spec', thrown[code] as Owner)),
  );
  assert.equal(
    missing.filter((code) => !early.includes(code)),
    [],
  );
});

law.run();
