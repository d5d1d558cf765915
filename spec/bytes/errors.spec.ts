import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AbiError, DecodeError, EncodeError, ERROR_CODES, LayoutError } from '../../src/bytes/errors.js';

const text = suite('bytes: AbiError, its text');

const rows: { at: { struct?: string; path?: string; offset?: number } | undefined; is: string }[] = [
  { at: undefined, is: 'needs 4 bytes [E_TRUNCATED]' },
  { at: {}, is: 'needs 4 bytes [E_TRUNCATED]' },
  { at: { struct: 's' }, is: 's: needs 4 bytes [E_TRUNCATED]' },
  { at: { path: 'a.b' }, is: 'a.b: needs 4 bytes [E_TRUNCATED]' },
  { at: { struct: 's', path: 'a.b[2]' }, is: 's.a.b[2]: needs 4 bytes [E_TRUNCATED]' },
  { at: { struct: 's', path: 'a', offset: 0x14 }, is: 's.a @0x14: needs 4 bytes [E_TRUNCATED]' },
  { at: { offset: 0 }, is: '@0x0: needs 4 bytes [E_TRUNCATED]' },
];
for (const { at, is } of rows) text(is, () => assert.is(new AbiError('E_TRUNCATED', 'needs 4 bytes', at).message, is));

text('the parts can be read apart', () => {
  const error = new DecodeError('E_HEX', 'text', { struct: 's', path: 'p', offset: 7 });
  assert.equal([error.code, error.struct, error.path, error.offset], ['E_HEX', 's', 'p', 7]);
  const bare = new DecodeError('E_HEX', 'text');
  assert.equal([bare.struct, bare.path, bare.offset], ['', '', -1]);
});

text.run();

const classes = suite('bytes: errors, their classes');

for (const kind of [LayoutError, DecodeError, EncodeError]) {
  classes(kind.name, () => {
    const error = new kind('E_TYPE', 'text');
    assert.instance(error, AbiError);
    assert.instance(error, Error);
    assert.is(error.name, kind.name);
  });
}

classes.run();

const codes = suite('bytes: ERROR_CODES');

codes('is frozen, and each code has one line of its own', () => {
  assert.ok(Object.isFrozen(ERROR_CODES));
  const lines = Object.values(ERROR_CODES);
  assert.is(new Set(lines).size, lines.length);
  for (const [code, line] of Object.entries(ERROR_CODES)) {
    assert.match(code, /^E_[A-Z_]+$/);
    assert.match(line, /^[a-z].*[^.]$/);
  }
});

codes.run();
