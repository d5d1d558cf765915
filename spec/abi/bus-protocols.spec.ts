import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FeatureFlags, OfferFlags } from '../../src/abi/vmbus/openvmm-offers.js';
import {
  VmbusMessageConnection,
  vmbusFeatures,
  vmbusLimits,
  vmbusOfferFlags,
  vmbusVersions,
} from '../../src/abi/vmbus/protocol.js';
import { vmbus_connection } from '../../src/abi/vmbus/version.js';
import { ProtocolVersion } from '../../src/abi/vpci/openvmm-devices.js';
import { vpciHostLimits, vpciVersions } from '../../src/abi/vpci/protocol.js';
import { decode, encode } from '../../src/layout/codec.js';
import type { BitsType } from '../../src/layout/types.js';
import { readProjectText } from '../support/project.js';
import { readTsv } from '../support/tsv.js';

// The last row ends in an empty cell.
const CONSTANTS = readProjectText('fixtures/layout/constants.tsv')
  .split('\n')
  .map((line) => line.split('\t'))
  .map(([name, value, , version]) => ({ name, value, version }));
const ENUMS = readTsv('fixtures/layout/enums.tsv');

/** Value of a Linux constant in the tree of that version. */
function linux(name: string, version = 'linux-7.3'): number | undefined {
  const row = CONSTANTS.find((r) => r.name === name && r.version === version) ?? CONSTANTS.find((r) => r.name === name);
  return row && Number(row.value);
}

/** Mask of a named bit. */
function mask(type: BitsType, name: string): number | undefined {
  const field = type.fields.find((f) => f.name === name);
  return field && 2 ** field.at;
}

const vmbus = suite('vmbus protocol tables');

for (const { version, linux: name, openvmm } of vmbusVersions) {
  vmbus(`version ${openvmm}`, () => assert.is(linux(name), version));
}

for (const { bit, linux: name, openvmm } of vmbusFeatures) {
  vmbus(`feature ${openvmm}`, () => {
    assert.is(mask(FeatureFlags, openvmm), bit);
    if (name) assert.is(linux(name), bit);
  });
}

for (const { bit, names } of vmbusOfferFlags) {
  vmbus(`offer flag 0x${bit.toString(16)}`, () => {
    if (names['linux-6.12']) assert.is(linux(names['linux-6.12'], 'linux-6.12'), bit);
    if (names['linux-7.3']) assert.is(linux(names['linux-7.3']), bit);
    if (names.openvmm) assert.is(mask(OfferFlags, names.openvmm), bit);
  });
}

vmbus('every named bit of OpenVMM has its row', () => {
  const named = (type: BitsType) => type.fields.filter((f) => !f.reserved).map((f) => f.name);
  assert.equal(
    vmbusFeatures.map((row) => row.openvmm),
    named(FeatureFlags),
  );
  assert.equal(
    vmbusOfferFlags.flatMap((row) => row.names.openvmm ?? []),
    named(OfferFlags),
  );
});

vmbus('two offer flags changed their meaning between 6.12 and 7.3', () => {
  const changed = vmbusOfferFlags.filter(({ names }) => names['linux-6.12'] !== names['linux-7.3']);
  assert.equal(
    changed.map((row) => row.bit),
    [0x2, 0x4],
  );
});

vmbus('the redirected message connection is SINT 7 of VTL 2', () => {
  const raw = encode(VmbusMessageConnection, { base: 4, sint: 7, vp: 0, vtl: 2 });
  const id = new DataView(raw.buffer).getUint32(0, true);
  assert.is(id, vmbus_connection.VMBUS_MESSAGE_CONNECTION_ID_REDIRECT);
  assert.equal(decode(VmbusMessageConnection, raw), { base: 4, sint: 7, vp: 0, vtl: 2, reserved: 0 });
});

vmbus('page numbers per GPADL message follow from 240 bytes', () => {
  const { messageBytes, gpadlHeaderPfns, gpadlHeaderQwords, gpadlBodyPfns, gpadlRangeBytes, gpadlPagesOneRange } =
    vmbusLimits;
  assert.is(gpadlHeaderQwords, Math.floor((messageBytes - 20) / 8));
  assert.is(gpadlHeaderPfns, gpadlHeaderQwords - 1, 'the range itself takes one');
  assert.is(gpadlBodyPfns, Math.floor((messageBytes - 16) / 8));
  assert.is(gpadlRangeBytes, 0xffff - 7, 'whole qwords in a u16');
  assert.is(gpadlPagesOneRange, gpadlRangeBytes / 8 - 1);
});

vmbus.run();

const vpci = suite('vpci protocol tables');

vpci('versions by both names', () => {
  assert.equal(
    vpciVersions.map((row) => [row.openvmm, row.version]),
    Object.entries(ProtocolVersion),
  );
  const linuxRows = ENUMS.filter((row) => row.enum === 'pci_protocol_version_t');
  assert.equal(
    vpciVersions.flatMap((row) => (row.linux ? [[row.linux, row.version]] : [])),
    linuxRows.map((row) => [row.name, Number(row.value)]),
  );
});

vpci('the largest packet is the fixed part and one large entry per MSI', () => {
  assert.is(136 + 80 * vpciHostLimits.msiEntries, vpciHostLimits.packetBytes);
});

vpci.run();
