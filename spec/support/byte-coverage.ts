import type { DecodedRecord, Part } from '../../src/capture/record.js';

/**
 * The law of the capture layer: every byte of a record lies in a structure, in payload of a device class, in named slack,
 * or is counted as unattributed. Returns what breaks it, one text each.
 */
export function coverageFaults(record: DecodedRecord): string[] {
  const faults: string[] = [];
  if (record.parts.length === 0) return faults;
  const areas = new Map<DataView, Uint8Array>();
  const areaOf = (view: DataView): Uint8Array => {
    let area = areas.get(view);
    if (area === undefined) {
      area = new Uint8Array(view.byteLength);
      areas.set(view, area);
    }
    return area;
  };
  const cover = (view: DataView, what: string, offset: number, length: number): void => {
    if (!(offset >= 0 && length >= 0 && offset + length <= view.byteLength))
      faults.push(`${what}: ${length} bytes at ${offset} are not all in ${view.byteLength}`);
    else areaOf(view).fill(1, offset, offset + length);
  };
  let unattributed = 0;
  const visit = (part: Part): void => {
    areaOf(part.view);
    unattributed += part.unattributed;
    if (part.type !== undefined) cover(part.view, part.struct, part.offset, part.size);
    else if (part.classPayload > 0) cover(part.view, part.struct, part.offset, part.classPayload);
    for (const slack of part.slack) {
      if (slack.name === '' || slack.length <= 0) faults.push(`slack ${JSON.stringify(slack)}`);
      cover(part.view, slack.name, slack.offset, slack.length);
    }
    if (part.inner) visit(part.inner);
  };
  for (const part of record.parts) visit(part);
  let bytes = 0;
  let bare = 0;
  for (const area of areas.values()) {
    bytes += area.length;
    for (const covered of area) if (covered === 0) bare++;
  }
  if (bytes !== record.bytes) faults.push(`the parts look at ${bytes} bytes, the record has ${record.bytes}`);
  if (bare !== unattributed) faults.push(`${bare} bytes are in nothing, ${unattributed} are counted as unattributed`);
  return faults;
}
