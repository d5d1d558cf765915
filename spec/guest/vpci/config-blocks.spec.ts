import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { WRITE_BLOCK_PAD } from '../../../src/guest/vpci/config-blocks.js';
import { NO_CONFIG_BLOCKS } from '../../../src/guest/vpci/no-config-blocks.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import { VpciRig } from './vpci-rig.js';

const blocks = suite('guest/vpci configuration blocks');

const PLACE = { domain: 0x37a9, devfn: 0 };

function probed(): { rig: VpciRig; stored: Map<number, Uint8Array> } {
  const rig = new VpciRig({ functions: [] });
  const stored = new Map([[7, Uint8Array.from({ length: 128 }, (_, i) => i)]]);
  const device = new BarDevice({
    port: rig.port,
    blocks: {
      readBlock: (id, length) => stored.get(id)?.slice(0, length),
      writeBlock: (id, bytes) => stored.has(id) && stored.set(id, bytes.slice()) !== undefined,
    },
  });
  rig.bus.changeRelations([{ dev: 0, func: 0, serial: 1, device }]);
  assert.ok(rig.probe().ok);
  rig.channel.sent.length = 0;
  return { rig, stored };
}

for (const length of [1, 4, 100, 128])
  blocks(`VPCI-110: ${length} bytes of a block`, () => {
    const { rig, stored } = probed();
    const read = rig.run(rig.driver.blocks.read(PLACE, 7, length));
    assert.ok(read.ok);
    assert.is(bytesToHex(read.value), bytesToHex(stored.get(7)!.slice(0, length)));
    assert.is(
      bytesToHex(rig.channel.sent[0]!.payload),
      `090049420700000000000000${length.toString(16).padStart(2, '0')}000000`,
    );
  });

blocks('VPCI-110 VPCI-111: no length, too much, no block, no function', () => {
  const { rig } = probed();
  const { blocks: side } = rig.driver;
  const errno = (outcome: { ok: boolean; errno?: string }): string | undefined => outcome.errno;
  assert.is(errno(rig.run(side.read(PLACE, 7, 0))), 'EINVAL');
  assert.is(errno(rig.run(side.read(PLACE, 7, 129))), 'EINVAL');
  assert.is(errno(rig.run(side.write(PLACE, 7, new Uint8Array(0)))), 'EINVAL');
  assert.is(errno(rig.run(side.write(PLACE, 7, new Uint8Array(129)))), 'EINVAL');
  assert.equal(rig.channel.sent, []);
  assert.is(errno(rig.run(side.read(PLACE, 8, 4))), 'EIO');
  assert.is(errno(rig.run(side.write(PLACE, 8, new Uint8Array(4)))), 'EIO');
  assert.is(errno(rig.run(side.read({ domain: 0x37a9, devfn: 1 }, 7, 4))), 'ENODEV');
  assert.is(errno(rig.run(side.read({ domain: 1, devfn: 0 }, 7, 4))), 'ENODEV');
});

for (const length of [1, 128])
  blocks(`VPCI-111: ${length} bytes written, and four more in the packet`, () => {
    const { rig, stored } = probed();
    const bytes = Uint8Array.from({ length }, (_, i) => 0xff - i);
    assert.ok(rig.run(rig.driver.blocks.write(PLACE, 7, bytes)).ok);
    assert.is(WRITE_BLOCK_PAD, 4);
    const payload = rig.channel.sent[0]!.payload;
    assert.is(payload.length, 16 + length + 4);
    assert.is(bytesToHex(payload.slice(0, 8)), '0a00494207000000');
    assert.is(bytesToHex(stored.get(7)!), bytesToHex(bytes));
  });

blocks('VPCI-110: a rescind ends the wait for a block', () => {
  const { rig } = probed();
  rig.bus.addFault({ type: 0x42490009, fault: { kind: 'lose' } });
  rig.queue.after(50_000, () => rig.channel.takeBack());
  assert.equal(rig.run(rig.driver.blocks.read(PLACE, 7, 4)), { ok: false, errno: 'ENODEV' });
  assert.ok(rig.queue.now() <= 150_000);
});

blocks('VPCI-93 VPCI-112: one callback for a function hears which blocks have changed', () => {
  const { rig } = probed();
  rig.bus.invalidateBlocks(0, 1n);
  rig.queue.drain();
  const heard: bigint[] = [];
  assert.ok(rig.driver.blocks.onInvalidate(PLACE, (mask) => heard.push(mask)).ok);
  assert.equal(
    rig.driver.blocks.onInvalidate(PLACE, () => undefined),
    { ok: false, errno: 'EEXIST' },
  );
  rig.bus.invalidateBlocks(0, 0x8000_0000_0000_0003n);
  rig.queue.drain();
  assert.equal(heard, [0x8000_0000_0000_0003n]);
  assert.equal(
    rig.driver.blocks.onInvalidate({ domain: 9, devfn: 0 }, () => undefined),
    { ok: false, errno: 'ENODEV' },
  );
});

blocks('VPCI-113: without virtual PCI every call says so', () => {
  const none = { ok: false, errno: 'EOPNOTSUPP' };
  assert.equal(NO_CONFIG_BLOCKS.read(PLACE, 1, 4).next().value, none);
  assert.equal(NO_CONFIG_BLOCKS.write(PLACE, 1, new Uint8Array(4)).next().value, none);
  assert.equal(
    NO_CONFIG_BLOCKS.onInvalidate(PLACE, () => undefined),
    none,
  );
});

blocks.run();
