import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decoder } from '../../../src/capture/decoder.js';
import { presentRecord } from '../../../src/capture/present.js';
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

root.run();
