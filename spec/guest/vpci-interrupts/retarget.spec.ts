import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hex64 } from '../../../src/bytes/hex.js';
import { retargetCall, sparseVpSet } from '../../../src/guest/vpci-interrupts/retarget.js';
import { readCapture } from '../../support/captures.js';

const retarget = suite('retarget');

// VPs, mask and banks with every bank up to the highest named, and packed: by hand.
const SETS: readonly (readonly [string, number[], bigint, bigint[], bigint, bigint[]])[] = [
  ['VP 0', [0], 1n, [1n], 1n, [1n]],
  ['VP 63', [63], 1n, [0x8000000000000000n], 1n, [0x8000000000000000n]],
  ['VP 64', [64], 3n, [0n, 1n], 2n, [1n]],
  ['VPs 0, 64 and 200', [200, 0, 64], 0xfn, [1n, 1n, 0n, 0x100n], 0xbn, [1n, 1n, 0x100n]],
  ['VP 130, as Linux 6.12 sends it', [130], 7n, [0n, 0n, 4n], 4n, [4n]],
];
for (const [title, vps, mask, banks, packedMask, packed] of SETS)
  retarget(`VPCI-60 ${title}`, () => {
    assert.equal(sparseVpSet(vps), { validBankMask: mask, banks });
    assert.equal(sparseVpSet(vps, 'packed'), { validBankMask: packedMask, banks: packed });
  });

retarget('VPCI-60 VP 4095 needs all 64 banks', () => {
  const set = sparseVpSet([4095])!;
  assert.is(set.validBankMask, 0xffffffffffffffffn);
  assert.equal(set.banks, [...new Array<bigint>(63).fill(0n), 0x8000000000000000n]);
  assert.equal(sparseVpSet([4095], 'packed'), {
    validBankMask: 0x8000000000000000n,
    banks: [0x8000000000000000n],
  });
});

retarget('VPCI-60 no VP that a set can name', () => {
  assert.is(sparseVpSet([]), undefined);
  assert.is(sparseVpSet([4096]), undefined);
});

retarget('VPCI-59 nobody to send to: no call', () => {
  const base = { deviceId: 1n, address: 0xfee01000n, data: 1, vector: 0x22 };
  assert.is(retargetCall({ ...base, vps: [], processorSet: true }), undefined);
  assert.is(retargetCall({ ...base, vps: [], processorSet: false }), undefined);
  assert.is(retargetCall({ ...base, vps: [64], processorSet: false }), undefined);
});

// Capture, event, what the guest meant: device, data, vector, VPs. Each must come out as the guest sent it.
const SEEN: readonly (readonly [string, number, bigint, number, number, number[]])[] = [
  ['conversation-boot.jsonl', 487, 0x37a94e00n, 0x21, 0x22, [0]],
  ['conversation-boot.jsonl', 639, 0x37a94e00n, 0x27, 0x23, [1]],
  ['conversation-multi.jsonl', 1093, 0x37a94e01n, 0x29, 0x24, [1]],
  ['conversation-multi.jsonl', 1681, 0xa84b42c0n, 0x31, 0x25, [0]],
  ['conversation-old.jsonl', 517, 0x37a94e00n, 0x21, 0x22, [0]],
  ['conversation-old.jsonl', 669, 0x37a94e00n, 0x27, 0x23, [1]],
];
for (const [name, number, deviceId, data, vector, vps] of SEEN)
  retarget(`VPCI-59 LDID-03 LDID-06 ${name}, event ${number}`, () => {
    const event = readCapture(name).find((one) => one.n === number) as { control: string; in: string } | undefined;
    assert.ok(event);
    const call = retargetCall({
      deviceId,
      address: 0xfee01000n,
      data,
      vector,
      vps,
      processorSet: !name.includes('old'),
    })!;
    assert.is(call.control, BigInt(event.control));
    assert.is(bytesToHex(call.input), event.in);
  });

retarget('VPCI-59 the low half of a long address, all bits of the data', () => {
  const call = retargetCall({
    deviceId: 0xffffffffn,
    address: 0x1_2345_6789n,
    data: 0xffffffff,
    vector: 0xfe,
    vps: [0, 1],
    processorSet: true,
    style: 'packed',
  })!;
  assert.is(hex64(call.control), '0x000000000004007e');
  assert.is(
    bytesToHex(call.input),
    'ffffffffffffffff' +
      'ffffffff00000000' +
      '0100000000000000' +
      '89674523ffffffff' +
      '0000000000000000' +
      'fe00000002000000' +
      '0000000000000000' +
      '0100000000000000' +
      '0300000000000000',
  );
});

retarget.run();
