import { bytesToHex } from '../../../src/bytes/hex.js';
import type { Event } from '../../../src/capture/decoder.js';
import { readProjectText } from '../../support/project.js';
import { qwords } from './iommu-rig.js';

/** A file of fixtures/iommu: what its first line says, and its events with page lists written out. */
export interface CallFixture {
  readonly calls: number;
  readonly sha256: string;
  readonly events: readonly Event[];
}

export const CALL_FIXTURES = ['root-iommu-linux-7.2.calls.jsonl', 'pviommu-linux-7.2.calls.jsonl'] as const;

export function readCallFixture(name: (typeof CALL_FIXTURES)[number]): CallFixture {
  const [first, ...lines] = readProjectText('fixtures', 'iommu', name)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event);
  return { calls: Number(first!.calls), sha256: String(first!.sha256), events: lines.map(withList) };
}

function withList({ list, ...event }: Event): Event {
  if (list === undefined) return event;
  const runs = list as readonly (readonly [string, number])[];
  const values = runs.flatMap(([start, count]) => Array.from({ length: count }, (_, i) => BigInt(start) + BigInt(i)));
  return { ...event, in: `${event.in}${bytesToHex(qwords(...values))}` };
}
