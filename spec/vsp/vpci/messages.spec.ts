import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import { BAD_DATA, BusRig, message, OK, padded } from './bus-rig.js';

const NOT_SUPPORTED = 'bb0000c0';

const unhandled = suite('vPCI messages that a host does not take');

for (const n of [0x00, 0x02, 0x03, 0x0b, 0x0c, 0x0d, 0x0e, 0x12, 0x19, 0x1e, 0xff])
  unhandled(`VPCI-120 0x${n.toString(16)}`, () => {
    const rig = BusRig.started();
    for (const length of [4, 8, 64, 4096]) assert.is(rig.ask(padded(message(n), length)), BAD_DATA);
    assert.is(rig.bus.record.of('illegal').length, 4);
    assert.ok(rig.ask(message(0x05, 0)).startsWith(OK), 'the channel stays up');
  });

unhandled('VPCI-120 no type at all', () => {
  const rig = BusRig.started();
  assert.is(rig.ask(new Uint8Array(0)), BAD_DATA);
  assert.is(rig.ask(new Uint8Array(8)), BAD_DATA);
});

for (const n of [
  0x04, 0x05, 0x06, 0x07, 0x09, 0x0a, 0x0f, 0x10, 0x11, 0x14, 0x15, 0x16, 0x17, 0x18, 0x1a, 0x1b, 0x1c, 0x1d,
])
  unhandled(`VPCI-120 0x${n.toString(16)} of every length up to its own, for a slot that nobody has`, () => {
    const rig = BusRig.started();
    for (let length = 4; length < 144; length += 8) {
      const bytes = padded(message(n), length);
      if (length >= 8) bytes[4] = 0x1f;
      if (length >= 12) bytes[8] = 0x1f;
      const reply = rig.ask(bytes);
      // D0 entry has no slot, and a packet of four bytes names slot 0 by its padding.
      if (n === 0x07 || length === 4) continue;
      assert.is(reply, BAD_DATA, `${length} bytes`);
    }
  });

unhandled.run();

const newer = suite('vPCI messages of newer protocols');

newer('a device is reset: not supported', () => {
  const rig = BusRig.started();
  assert.is(rig.ask(message(0x1c, 0)), NOT_SUPPORTED);
  assert.is(rig.ask(message(0x1c, 1)), BAD_DATA);
});

newer('TDISP: not supported, or not readable', () => {
  const rig = BusRig.started({ devices: [{ func: 1 }] });
  assert.is(rig.ask(message(0x1d, 0x20, 0n)), `${NOT_SUPPORTED}20000000${'00'.repeat(8)}`);
  assert.is(rig.ask(message(0x1d, 0x20, 8n, 1, 2)), `${NOT_SUPPORTED}20000000${'00'.repeat(8)}`);
  assert.is(rig.ask(message(0x1d, 0x20, 9n, 1, 2)), BAD_DATA);
  assert.is(rig.ask(message(0x1d, 0x20, 1n << 63n)), BAD_DATA);
  assert.is(rig.ask(message(0x1d, 0, 0n)), BAD_DATA);
  assert.is(rig.ask(message(0x1d, 0x20)), BAD_DATA);
});

newer.run();

const blocks = suite('vPCI configuration blocks');

function withBlocks(): { rig: BusRig; written: Map<number, Uint8Array> } {
  const written = new Map<number, Uint8Array>();
  const rig = BusRig.started();
  const device = new BarDevice({
    port: rig.host,
    blocks: {
      readBlock: (id, length) =>
        id > 5 ? undefined : Uint8Array.from({ length: Math.min(length, 20) }, (_, i) => id + i),
      writeBlock: (id, bytes) => id <= 5 && written.set(id, bytes) !== undefined,
    },
  });
  rig.bus.changeRelations([{ dev: 0, func: 2, serial: 1, device }]);
  rig.channel.take();
  return { rig, written };
}

blocks('VPCI-110 read', () => {
  const { rig } = withBlocks();
  assert.is(rig.ask(message(0x09, 3, 0x40, 4)), `${OK}03040506`);
  assert.is(rig.ask(message(0x09, 3, 0x40, 128)).length, 8 + 40);
  for (const refused of [
    message(0x09, 6, 0x40, 4),
    message(0x09, 3, 0x40, 129),
    message(0x09, 3, 0, 4),
    message(0x09, 3),
  ])
    assert.is(rig.ask(refused), BAD_DATA);
});

blocks('VPCI-111 write, with the four bytes more that Linux sends', () => {
  const { rig, written } = withBlocks();
  const body = (count: number, bytes: number) => padded(message(0x0a, 3, 0x40, count, 0x04030201), 16 + bytes);
  assert.is(rig.ask(body(3, 7)), OK);
  assert.is(bytesToHex(written.get(3)!), '010203');
  assert.is(rig.ask(body(128, 132)), OK);
  assert.is(written.get(3)!.length, 128);
  for (const refused of [body(129, 200), body(64, 8), message(0x0a, 6, 0x40, 0), message(0x0a, 3, 0, 0)])
    assert.is(rig.ask(refused), BAD_DATA);
});

blocks('VPCI-110 a device without any', () => {
  const rig = BusRig.started();
  assert.is(rig.ask(message(0x09, 0, 0, 4)), BAD_DATA);
  assert.is(rig.ask(padded(message(0x0a, 0, 0, 4), 24)), BAD_DATA);
});

blocks('VPCI-112 invalidate', () => {
  const { rig } = withBlocks();
  assert.ok(rig.bus.invalidateBlocks(0x40, 0x8000_0000_0000_0005n));
  assert.equal(
    rig.channel.take().map(({ payload }) => bytesToHex(payload)),
    ['12004942400000000500000000000080'],
  );
  assert.not.ok(rig.bus.invalidateBlocks(0, 1n));
  rig.bus.withdraw();
  assert.not.ok(rig.bus.invalidateBlocks(0x40, 1n));
});

blocks.run();
