import { type RecordedEvent, readRecording } from '../iommu-replay/recording.js';
import { linuxRecording } from './linux-recording.js';

/** The recorded calls, and between them what VFIO was asked for. */
export function recordedEvents(): RecordedEvent[] {
  const requests = linuxRecording().steps.flatMap((step): RecordedEvent[] => {
    if ('marker' in step) return [{ n: step.n, k: 'marker', text: step.marker }];
    if (!('vfio' in step)) return [];
    const { n, vfio, iova, size, access } = step;
    const text = `vfio ${vfio} iova ${iova} size ${size}${vfio === 'map' ? ` pages 0 ${access} -> 0 ` : ''}`;
    return [{ n, k: 'marker', text }];
  });
  return [...readRecording('pviommu-linux-7.2.calls.jsonl'), ...requests].sort((a, b) => a.n - b.n);
}
