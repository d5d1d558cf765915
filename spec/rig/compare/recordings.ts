import type { Event } from '../../../src/capture/event.js';
import type { CallDifference } from '../../../src/rig/compare/call-tape.js';
import { linuxRecording } from '../../guest/pv-iommu/linux-recording.js';
import { readCallFixture } from '../../hypervisor/iommu/call-fixture.js';
import { readProjectText } from '../../support/project.js';

const inOrder = (events: readonly Event[]): Event[] => [...events].sort((a, b) => Number(a.n) - Number(b.n));

/** The recorded root partition of the fixtures: its calls, and what the guest noted between them. */
export function rootRecording(): Event[] {
  const notes = readProjectText('fixtures', 'iommu', 'root-iommu-linux-7.2.requests.jsonl')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event)
    .filter((event) => 'n' in event);
  return inOrder([...readCallFixture('root-iommu-linux-7.2.calls.jsonl').events, ...notes]);
}

/** The recorded guest with a paravirtual IOMMU: its calls, and between them what VFIO was asked for. */
export function guestRecording(): Event[] {
  const requests = linuxRecording().steps.flatMap((step): Event[] => {
    if ('marker' in step) return [{ n: step.n, k: 'marker', text: step.marker }];
    if (!('vfio' in step)) return [];
    const { n, vfio, iova, size, access } = step;
    const text = `vfio ${vfio} iova ${iova} size ${size}${vfio === 'map' ? ` pages 0 ${access} -> 0 ` : ''}`;
    return [{ n, k: 'marker', text }];
  });
  return inOrder([...readCallFixture('pviommu-linux-7.2.calls.jsonl').events, ...requests]);
}

const SIGNS = { missing: '-', extra: '+', late: '~' } as const;

/** A difference as one line: `- #255 1fa000000b4 ffff… = c800000005`. */
export function lineOf({ what, n, control, input, result }: CallDifference): string {
  const number = n === undefined ? '' : `#${n} `;
  const answer = result === undefined ? '' : ` = ${result.toString(16)}`;
  return `${SIGNS[what]} ${number}${control.toString(16)} ${input}${answer}`;
}
