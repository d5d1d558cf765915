import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hex64 } from '../../src/bytes/hex.js';
import type { PciAddress } from '../../src/hypercall/pci-address.js';
import {
  acpiDeviceId,
  ioapicDeviceId,
  type PciIdOptions,
  pciDeviceId,
  pciDeviceIdOf,
  requesterId,
  rootLogicalDeviceId,
} from '../../src/hypercall/pci-device-id.js';

const ids = suite('pci-device-id');

const at = (bus: number, device: number, fn = 0, segment = 0): PciAddress => ({ segment, bus, device, function: fn });

// Ids that Linux 6.12 as root partition sent for these functions (docs of the captures: root-interrupts.jsonl).
const SEEN: readonly (readonly [string, PciAddress, string])[] = [
  ['00:03.0', at(0, 3), '4000000000000018'],
  ['00:04.0, a root port', at(0, 4), '4000000000000020'],
  ['00:05.0, a root port', at(0, 5), '4000000000000028'],
  ['01:00.0', at(1, 0), '4000000000000100'],
  ['the host bridge', at(0, 0), '4000000000000000'],
  ['00:1f.2, AHCI', at(0, 31, 2), '40000000000000fa'],
];
for (const [title, address, hex] of SEEN)
  ids(`LDID-07 PCI id of ${title}`, () => assert.is(hex64(pciDeviceId(address)).replace('0x', ''), hex));

// Bit positions by hand from LDID-07: bdf 15:0, segment 31:16, subordinate 39:32, secondary 47:40, phantom 49:48, shadow 50, type 63:62.
const FIELDS: readonly (readonly [string, PciAddress, PciIdOptions, string])[] = [
  ['segment', at(0x12, 0x1f, 7, 0xabcd), {}, '40000000abcd12ff'],
  ['phantom bits', at(1, 2, 3), { phantomFunctionBits: 3 }, '4003000000000113'],
  ['bus range of a bridge', at(3, 0), { bridge: { secondaryBus: 3, subordinateBus: 5 } }, '4004030500000300'],
];
for (const [title, address, options, hex] of FIELDS)
  ids(`LDID-07 ${title}`, () => assert.is(hex64(pciDeviceId(address, options)).replace('0x', ''), hex));

ids('LDID-07 the root partition knows a function by segment and requester id, type 0', () => {
  assert.is(rootLogicalDeviceId(at(0, 3)), 0x18n);
  assert.is(rootLogicalDeviceId(at(0x3b, 0x1f, 7, 0x8001)), 0x80013bffn);
});

ids('LDID-07 requester id', () => {
  assert.is(requesterId(at(0xff, 31, 7)), 0xffff);
  assert.is(requesterId(at(1, 2, 3)), 0x113);
});

ids('LDID-08 a function without an alias', () => {
  assert.equal(pciDeviceIdOf({ at: at(0, 3), aliases: [] }), { ok: true, value: 0x4000000000000018n });
  assert.equal(pciDeviceIdOf({ at: at(0, 3), aliases: [at(0, 3)] }), { ok: true, value: 0x4000000000000018n });
});

ids('LDID-08 a function behind a bridge to conventional PCI is refused', () => {
  assert.equal(pciDeviceIdOf({ at: at(3, 2), aliases: [at(3, 0)] }), { ok: false, errno: 'EOPNOTSUPP' });
});

ids('LDID-07 types of the other arms', () => {
  assert.is(ioapicDeviceId(0), 0x8000000000000000n);
  assert.is(ioapicDeviceId(0x2a), 0x800000000000002an);
  assert.is(acpiDeviceId(0x40, 3), 0xc000000300000040n);
});

ids.run();
