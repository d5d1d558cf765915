import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decoder } from '../../../src/capture/decoder.js';
import { presentRecord } from '../../../src/capture/present.js';
import { replayDeviceDomains } from '../../../src/rig/replay/device-domain-replay.js';
import { at } from '../../support/captures.js';
import { checked, recordedRun, type SimulationKey } from './recorded-run.js';

const root = suite('rig: a root partition and its IOMMU');

interface Operation {
  readonly name: string;
  readonly va: number;
  readonly reps: number;
  readonly status: string;
}

/** The operations of a record, as decode tells them. */
function operations(name: SimulationKey): Operation[] {
  const { events, failures } = recordedRun(name);
  assert.equal(failures, []);
  assert.ok(checked(events).ok);
  const decoder = new Decoder();
  return events
    .map((event) => presentRecord(decoder.push(event)))
    .filter((record) => at(record, 'kind') === 'hypercall')
    .map((record) => ({
      name: String(at(record, 'name')),
      va: Number(at(record, 'value.input.target_device_va_base') ?? 0),
      reps: Number(at(record, 'value.result.reps_completed')),
      status: String(at(record, 'value.result.status_name')),
    }));
}

const PAGE = 4096;
const IOVA = 0x1_0000_0000;
const PAGES = 262_144;

/** One call after the other, each as long as it may be. */
function expected(name: string, most: number): Operation[] {
  return Array.from({ length: Math.ceil(PAGES / most) }, (_, n) => ({
    name,
    va: IOVA + n * most * PAGE,
    reps: Math.min(most, PAGES - n * most),
    status: 'HV_STATUS_SUCCESS',
  }));
}

root('E2E-03, E2E-11: 1 GiB is 518 map calls and 65 unmap calls, and decode tells exactly those operations', () => {
  const all = operations('root-passthrough').filter(({ status }) => status === 'HV_STATUS_SUCCESS');
  const maps = all.filter(({ name }) => name === 'HVCALL_MAP_DEVICE_GPA_PAGES');
  assert.equal(maps, expected('HVCALL_MAP_DEVICE_GPA_PAGES', 507));
  assert.is(maps.length, 518);
  const unmaps = all.filter(({ name }) => name === 'HVCALL_UNMAP_DEVICE_GPA_PAGES');
  assert.equal(unmaps, expected('HVCALL_UNMAP_DEVICE_GPA_PAGES', 4095));
  assert.is(unmaps.length, 65);
});

root('E2E-04: each refusal for memory is followed by a deposit, and the pages mapped are all there are', () => {
  const all = operations('root-low-memory');
  const refused = all.filter(({ status }) => status === 'HV_STATUS_INSUFFICIENT_MEMORY');
  assert.ok(refused.length >= 2, `${refused.length} refusals`);
  for (const [n, operation] of all.entries())
    if (operation.status === 'HV_STATUS_INSUFFICIENT_MEMORY') assert.is(all[n + 1]!.name, 'HVCALL_DEPOSIT_MEMORY');
  const mapped = all
    .filter(({ name }) => name === 'HVCALL_MAP_DEVICE_GPA_PAGES')
    .reduce((sum, { reps }) => sum + reps, 0);
  assert.is(mapped, PAGES);
});

for (const name of ['root-passthrough', 'root-low-memory'] as const)
  root(`E2E-03, E2E-04, IOMMU-75 ${name}: its record has the DMA and the end, and a replay finds the same`, () => {
    const { events } = recordedRun(name);
    const { calls, accesses, states, differences } = replayDeviceDomains(events);
    assert.equal(differences, []);
    assert.ok(calls > 580, `${calls} calls`);
    // Those that were translated, and those that were not.
    assert.equal([accesses, states], [512 + 6, 1]);
    const dma = events.filter(({ k }) => k === 'dma') as unknown as { iova: string; gpa: string; access: string }[];
    for (const { iova, gpa } of dma) assert.is(BigInt(gpa) - BigInt(iova), 0x3f_0000_0000n);
    assert.equal(new Set(dma.map(({ access }) => access)), new Set(['read', 'write']));
    const maps = new Set(dma.map(({ iova }) => Math.floor((Number(iova) - IOVA) / PAGE / 507)));
    assert.ok(maps.size > 250, `in ${maps.size} of 518 maps`);
    // Both sides of the range; and four pages of it behind the unmap.
    const faults = events.filter(({ k }) => k === 'iommu_fault') as unknown as { iova: string; reason: string }[];
    assert.equal(
      faults.map(({ iova }) => Number(iova)),
      [-1, PAGES * PAGE, 0, PAGE, (PAGES / 2) * PAGE, (PAGES - 1) * PAGE].map((offset) => IOVA + offset),
    );
    assert.equal(new Set(faults.map(({ reason }) => reason)), new Set(['not mapped']));
  });

root('E2E-04 an access that led elsewhere, and a domain that was left, are differences to the replay', () => {
  const { events } = recordedRun('root-low-memory');
  const wrong = events.map((event) => {
    if (event.k === 'dma') return { ...event, gpa: '0x4000000000' };
    return event.k === 'device_domains' ? { ...event, domains: { '0:0x0': 0, '0:0xffffffff': 0, '0:0x1': 7 } } : event;
  });
  const codes = replayDeviceDomains(wrong).differences.map(({ code }) => code);
  assert.ok(codes.filter((code) => code === 'dma').length > 500);
  assert.is(codes.at(-1), 'device_domains');
});

root('E2E-04 the state at the end is in the words of the recorded series', () => {
  const state = recordedRun('root-low-memory').events.find(({ k }) => k === 'device_domains') as unknown as {
    readonly calls: Readonly<Record<string, number>>;
    readonly pool: number;
    readonly domains: unknown;
    readonly devices: unknown;
  };
  assert.is(state.calls['0xb3/0xb'], 2);
  assert.is(state.calls['0xb4/0x0'], 65);
  // Its own ten pages and two deposits of 256, all of them free again.
  assert.is(state.pool, 522);
  assert.equal(state.domains, { '0:0x0': 0, '0:0xffffffff': 0 });
  assert.equal(state.devices, { '0x4000000000000018': '0:0x0' });
});

root.run();
