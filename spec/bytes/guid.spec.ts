import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EncodeError } from '../../src/bytes/errors.js';
import { guidToBytes, isGuidText, readGuid, writeGuid } from '../../src/bytes/guid.js';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import { viewOf } from '../../src/bytes/span.js';

// First three parts little-endian, the other eight bytes as they are: include/linux/uuid.h, GUID_INIT.
const rows: { text: string; hex: string; note: string }[] = [
  { note: 'counting up', text: '03020100-0504-0706-0809-0a0b0c0d0e0f', hex: '000102030405060708090a0b0c0d0e0f' },
  {
    note: 'PCI pass-through, HV_PCIE_GUID of include/linux/hyperv.h',
    text: '44c4f61d-4444-4400-9d52-802e27ede19f',
    hex: '1df6c444444400449d52802e27ede19f',
  },
  { note: 'zeros', text: '00000000-0000-0000-0000-000000000000', hex: '00'.repeat(16) },
];

const both = suite('bytes: readGuid, writeGuid and guidToBytes');

for (const { note, text, hex } of rows) {
  both(note, () => {
    const framed = hexToBytes(`ffff${hex}ff`);
    assert.is(readGuid(viewOf(framed), 2), text);
    assert.is(bytesToHex(guidToBytes(text)), hex);
    assert.is(bytesToHex(guidToBytes(text.toUpperCase())), hex);
    const out = new Uint8Array(18).fill(0x5a);
    writeGuid(viewOf(out), 1, text);
    assert.is(bytesToHex(out), `5a${hex}5a`);
  });
}

both('outside the bytes', () => {
  assert.throws(() => readGuid(viewOf(new Uint8Array(15)), 0), RangeError);
  assert.throws(() => writeGuid(viewOf(new Uint8Array(15)), 0, rows[0]!.text), RangeError);
});

both.run();

const shape = suite('bytes: isGuidText');

const texts: [string, boolean][] = [
  ['44c4f61d-4444-4400-9d52-802e27ede19f', true],
  ['44C4F61D-4444-4400-9D52-802E27EDE19F', true],
  ['44c4f61d444444009d52802e27ede19f', false],
  ['{44c4f61d-4444-4400-9d52-802e27ede19f}', false],
  ['44c4f61d-4444-4400-9d52-802e27ede19', false],
  ['44c4f61d-4444-4400-9d52-802e27ede19f0', false],
  ['44c4f61g-4444-4400-9d52-802e27ede19f', false],
  ['44c4f61d-4444-4400-9d52-802e27ede19f\n', false],
  ['', false],
];
for (const [text, is] of texts) {
  shape(JSON.stringify(text), () => {
    assert.is(isGuidText(text), is);
    if (!is)
      assert.throws(
        () => guidToBytes(text),
        (error: unknown) => error instanceof EncodeError && error.code === 'E_TYPE',
      );
  });
}

shape.run();
