import type { Event } from '../../../src/capture/decoder.js';
import { readProjectText } from '../../support/project.js';
import { hexOfRuns, type WordRun } from '../../support/word-runs.js';

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
  return { ...event, in: `${event.in}${hexOfRuns(list as readonly WordRun[])}` };
}
