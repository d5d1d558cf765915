import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PROTOCOLS } from '../../../src/rig/simulate/simulations.js';
import { guestMoves } from '../../support/guest-moves.js';
import { recordedRun } from './recorded-run.js';

const matrix = suite('E2E-06: protocol matrix');

/** Interrupt and assignment messages by protocol, with their bytes (VPCI-53, VPCI-15), and the form of retargets (VPCI-58). */
const EXPECTED = [
  { create: 'PCI_CREATE_INTERRUPT_MESSAGE', bytes: '24', assigned: 'PCI_RESOURCES_ASSIGNED', sparse: false },
  { create: 'PCI_CREATE_INTERRUPT_MESSAGE2', bytes: '78', assigned: 'PCI_RESOURCES_ASSIGNED2', sparse: true },
  { create: 'PCI_CREATE_INTERRUPT_MESSAGE2', bytes: '78', assigned: 'PCI_RESOURCES_ASSIGNED2', sparse: true },
  { create: 'PCI_CREATE_INTERRUPT_MESSAGE3', bytes: '82', assigned: 'PCI_RESOURCES_ASSIGNED2', sparse: true },
] as const;

PROTOCOLS.forEach((vpciMax, row) => {
  const expected = EXPECTED[row]!;
  const version = `${vpciMax >>> 16}.${vpciMax & 0xffff}`;
  matrix(`a host of ${version}: MSI, multi-MSI and MSI-X as ${expected.create} of ${expected.bytes} bytes`, () => {
    const run = recordedRun('multi', { vpciMax });
    assert.equal(run.failures, []);
    const moves = guestMoves(run.events);
    const packets = [...moves].filter(([stream]) => stream.startsWith('packets')).flatMap(([, list]) => list);
    const creates = packets.filter(({ name }) => name.startsWith('PCI_CREATE_INTERRUPT'));
    assert.equal(new Set(creates.map(({ name }) => name)), new Set([expected.create]));
    assert.equal(new Set(creates.map(({ fields }) => fields.get('size'))), new Set([expected.bytes]));
    const counts = new Set(creates.map(({ fields }) => fields.get('int_desc.vector_count')));
    assert.equal(counts, new Set(['1', '3']), 'single messages, and a block of three');
    const assigned = packets.filter(({ name }) => name.startsWith('PCI_RESOURCES_ASSIGNED'));
    assert.equal(new Set(assigned.map(({ name }) => name)), new Set([expected.assigned]));
    const retargets = (moves.get('calls') ?? []).filter(({ name }) => name === 'HVCALL_RETARGET_INTERRUPT');
    assert.ok(retargets.length > 0);
    for (const { fields } of retargets)
      assert.is(fields.get('control.varhead_qwords') !== '0', expected.sparse, 'vp_mask or vp_set');
  });
});

matrix('E2E-05: a confidential guest reads and writes config space by hypercalls only', () => {
  const { events, failures } = recordedRun('mmiocall');
  assert.equal(failures, []);
  const calls = (guestMoves(events).get('calls') ?? []).map(({ name }) => name);
  assert.ok(calls.filter((name) => name === 'HVCALL_MMIO_READ').length > 20);
  assert.ok(calls.filter((name) => name === 'HVCALL_MMIO_WRITE').length > 5);
  const direct = events.filter(
    (event) => String(event.k).startsWith('mmio') && String(event.what ?? event.label ?? '').startsWith('config'),
  );
  assert.equal(direct, []);
});

matrix('E2E-02: on arm64 no retarget is made', () => {
  const { events, failures } = recordedRun('boot', { arch: 'arm64' });
  assert.equal(failures, []);
  const calls = (guestMoves(events).get('calls') ?? []).map(({ name }) => name);
  assert.not.ok(calls.includes('HVCALL_RETARGET_INTERRUPT'));
});

matrix.run();
