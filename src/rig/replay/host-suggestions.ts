import { hv_status } from '../../abi/hv/status.js';
import {
  HVCALL_FLUSH_DEVICE_DOMAIN_LIST,
  HVCALL_MAP_DEVICE_GPA_PAGES,
  HVCALL_UNMAP_DEVICE_GPA_PAGES,
} from '../../abi/hypercalls/device-domains.js';
import type { RecordedHostKnobs } from '../../hypervisor/iommu/recorded-host.js';
import { deviceOf } from './call-device.js';
import { frameOf, isDone, type RecordedCall } from './recorded-call.js';
import { mostlyAnswered } from './replay-rules.js';
import type { Scripted } from './replay-script.js';
import type { SessionReplay } from './session-replay.js';

/** A setting of the host that may be why it did what was taken from the recording. */
export interface Suggestion {
  readonly knobs: RecordedHostKnobs;
  /** The reason that the calls were taken for. */
  readonly why: Scripted;
}

const CUT_CODES: readonly number[] = [
  HVCALL_MAP_DEVICE_GPA_PAGES.code,
  HVCALL_UNMAP_DEVICE_GPA_PAGES.code,
  HVCALL_FLUSH_DEVICE_DOMAIN_LIST.code,
];

/** What the host may have been set to, if it did by rule what was taken from the recording. */
export function suggestionsOf(calls: readonly RecordedCall[], { scripted, host }: SessionReplay): Suggestion[] {
  const found: Suggestion[] = [];
  const taken = (why: Scripted) => calls.filter(({ n }) => scripted.get(why)?.includes(n));
  const { domChunk, refuseList, starveAttach } = host.given;
  const parts = taken('in parts').filter(({ code }) => CUT_CODES.includes(code));
  const chunk = mostFrequent(parts.map(({ start, done }) => done - start));
  if (domChunk === undefined && chunk !== undefined) found.push({ why: 'in parts', knobs: { domChunk: chunk } });
  const refused = taken('refused page');
  const badStatus = mostlyAnswered(refused)?.status;
  if (badStatus !== undefined) {
    const frames = refused.flatMap((call) => (call.status === badStatus ? (frameOf(call, call.done) ?? []) : []));
    const mapped = mappedFrames(calls);
    const domBad = [...new Set(frames)].filter((frame) => !mapped.has(frame));
    if (domBad.length > 0) found.push({ why: 'refused page', knobs: { domBad, domBadStatus: badStatus } });
  }
  const list = mostlyAnswered(taken('refused list'));
  if (refuseList === undefined && list !== undefined)
    found.push({ why: 'refused list', knobs: { refuseList: list.status } });
  const starved = taken('starved attachment').length;
  if (starveAttach === undefined && starved > 0)
    found.push({ why: 'starved attachment', knobs: { starveAttach: starved } });
  return found;
}

function mappedFrames(calls: readonly RecordedCall[]): Set<number> {
  const frames = new Set<number>();
  for (const call of calls) {
    if (call.code !== HVCALL_MAP_DEVICE_GPA_PAGES.code) continue;
    for (let rep = call.start; rep < Math.min(call.done, call.reps); rep++) {
      const frame = frameOf(call, rep);
      if (frame !== undefined) frames.add(frame);
    }
  }
  return frames;
}

function mostFrequent(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** Devices that were named, and not found each time, with the event that names one first. */
export function unknownDevices(calls: readonly RecordedCall[]): Map<bigint, number> {
  const unknown = new Map<bigint, number>();
  const known = new Set<bigint>();
  for (const call of calls) {
    const id = deviceOf(call);
    if (id === undefined) continue;
    if (call.status === hv_status.HV_STATUS_INVALID_DEVICE_ID) unknown.set(id, unknown.get(id) ?? call.n);
    else if (isDone(call)) known.add(id);
  }
  for (const id of known) unknown.delete(id);
  return unknown;
}

/** Codes that were answered with HV_STATUS_INVALID_HYPERCALL_CODE, always, with the first event of each. */
export function unservedCodes(calls: readonly RecordedCall[]): Map<number, number> {
  const unserved = new Map<number, number>();
  for (const { code, n } of calls) if (!unserved.has(code)) unserved.set(code, n);
  for (const { code, status } of calls)
    if (status !== hv_status.HV_STATUS_INVALID_HYPERCALL_CODE) unserved.delete(code);
  return unserved;
}
