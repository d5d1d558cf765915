import { bytesOf } from '../bytes/span.js';
import { codecOf, encodeUnchecked } from '../layout/codec.js';
import { type Description, describe, type Issue } from '../layout/describe.js';
import { maySuspect } from '../layout/suspect.js';
import { deviceIdIssues, neutralNode, neutralValue, withoutArmIssues } from './device-ids.js';
import type { Part } from './record.js';

/** The part's fields with paths, offsets, values and issues; opaque parts have none. Throws DecodeError. */
export function describePart(part: Part): Description | undefined {
  if (part.type === undefined) return undefined;
  const found = describe(part.type, part.view, part.offset, part.limits);
  return { ...found, root: neutralNode(part, found.root) };
}

/** The plain value of the part; of opaque parts its bytes. Throws DecodeError. */
export function plainValue(part: Part): unknown {
  if (part.type === undefined) return bytesOf(part.view, part.offset, part.size);
  return neutralValue(part, codecOf(part.type).decodeAt(part.view, part.offset, part.limits));
}

/**
 * Everything a strict reader would refuse in this part, without its inner ones. Offsets count from the start of the byte string.
 * A message type with bit 31 clear belongs to the partitions that exchange it, so no table of the hypervisor's can know it (TLFS, SynIC messages).
 */
export function issuesOf(part: Part): readonly Issue[] {
  if (part.type === undefined) return part.issues;
  const ids = deviceIdIssues(part);
  if (!maySuspect(part.type, part.view, part.offset, part.limits))
    return ids.length === 0 ? part.issues : [...part.issues, ...ids];
  const found = describe(part.type, part.view, part.offset, part.limits).issues;
  const own = withoutArmIssues(part, found).filter(
    (issue) =>
      !(
        issue.code === 'I_ENUM' &&
        issue.path.endsWith('message_type') &&
        part.view.getUint32(part.offset + issue.offset, true) < 0x80000000 &&
        part.struct !== 'pci_message'
      ),
  );
  return [...part.issues, ...ids, ...own.map((issue) => ({ ...issue, offset: issue.offset + part.offset }))];
}

/** True when encoding the decoded value gives the same bytes, here and in every inner part. */
export function reencodes(part: Part): boolean {
  if (part.type === undefined) return false;
  const again = encodeUnchecked(part.type, plainValue(part));
  const was = bytesOf(part.view, part.offset, part.size);
  for (let i = 0; i < was.length; i++) if (again[i] !== was[i]) return false;
  // An open tail may be encoded longer than it was sent; what is beyond has to be empty.
  for (let i = was.length; i < again.length; i++) if (again[i] !== 0) return false;
  return part.inner === undefined || part.inner.type === undefined || reencodes(part.inner);
}

/** True when the part is a struct, all tags chose an arm, and so is what is inside. */
export function isDecoded(part: Part): boolean {
  if (part.type === undefined) return part.classPayload > 0;
  if (hasRaw(plainValue(part))) return false;
  return part.inner === undefined || isDecoded(part.inner);
}

function hasRaw(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  if (Array.isArray(value)) return value.some(hasRaw);
  const proto = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== null) return false;
  if ('raw' in value) return true;
  return Object.values(value).some(hasRaw);
}
