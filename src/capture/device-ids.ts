import { hv_device_id } from '../abi/hv/device-id.js';
import { hexNumber } from '../bytes/hex.js';
import type { FieldNode, Issue } from '../layout/describe.js';
import { u64 } from '../layout/scalar.js';
import type { AnyType } from '../layout/types.js';
import { issue } from './locate.js';
import type { Part } from './record.js';

// A logical device id is an unsigned 32-bit number in a u64. Widened with its sign its upper half is all ones, and the two
// type bits at the top then read as ACPI: such an id is reported and shown as a plain number.

/** Where a struct names a device. */
interface DeviceIdField {
  /** Keys from the struct to the field. */
  readonly keys: readonly string[];
  readonly path: string;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  /** True for hv_device_id, false for a plain u64. */
  readonly union: boolean;
}

const FIELDS = new WeakMap<AnyType, readonly DeviceIdField[]>();
const NONE: readonly DeviceIdField[] = [];
/** Plain u64 fields that hold a device id: device_id, logical_device_id, logical_devid. */
const PLAIN = /^(logical_)?(device_id|devid)$/;
const ALL_ONES = 0xffffffff;

function fieldsOf(type: AnyType): readonly DeviceIdField[] {
  let found = FIELDS.get(type);
  if (found === undefined) {
    found = type.kind === 'struct' ? collect(type, [], 0) : NONE;
    FIELDS.set(type, found);
  }
  return found;
}

function collect(type: AnyType, keys: readonly string[], base: number): DeviceIdField[] {
  if (type.kind === 'anon') return collect(type.of, keys, base);
  if (type.kind !== 'struct') return [];
  return type.slots.flatMap((slot) => {
    const at = slot.anon && slot.type.kind !== 'union' ? keys : [...keys, slot.key];
    const offset = base + slot.offset;
    const union = slot.type.kind === 'union' && slot.type.name === hv_device_id.name;
    const plain = slot.type.kind === 'scalar' && slot.type.scalar === 'u64' && PLAIN.test(slot.key);
    return union || plain ? [{ keys: at, path: at.join('.'), offset, union }] : collect(slot.type, at, offset);
  });
}

/** The device ids of a part whose upper half is all ones. */
function signExtended(part: Part): readonly DeviceIdField[] {
  if (part.type === undefined) return NONE;
  const fields = fieldsOf(part.type);
  if (fields.length === 0) return NONE;
  return fields.filter((field) => part.view.getUint32(part.offset + field.offset + 4, true) === ALL_ONES);
}

/** One issue per such id; offsets count from the start of the byte string. */
export function deviceIdIssues(part: Part): Issue[] {
  return signExtended(part).map((field) => {
    const logical = hexNumber(part.view.getUint32(part.offset + field.offset, true), 8);
    return issue(
      'I_SIGN_EXTENDED',
      `the upper half is all ones: logical device id ${logical}, widened with its sign`,
      part.offset + field.offset,
      field.path,
    );
  });
}

/** What check() says of the arm that such an id seems to be is no finding. */
export function withoutArmIssues(part: Part, issues: readonly Issue[]): readonly Issue[] {
  const ids = signExtended(part);
  return ids.length === 0 ? issues : issues.filter((i) => !ids.some((id) => i.path.startsWith(`${id.path}.`)));
}

/** The value with such ids as `{ as_uint64 }`, an arm that claims no type. Changes `value`. */
export function neutralValue(part: Part, value: unknown): unknown {
  for (const { keys, offset, union } of signExtended(part)) {
    if (!union) continue;
    let owner = value as Record<string, unknown>;
    for (const key of keys.slice(0, -1)) owner = owner[key] as Record<string, unknown>;
    owner[keys[keys.length - 1]!] = { as_uint64: part.view.getBigUint64(part.offset + offset, true) };
  }
  return value;
}

/** The same in the tree of a description. */
export function neutralNode(part: Part, root: FieldNode): FieldNode {
  const ids = new Set(
    signExtended(part)
      .filter((field) => field.union)
      .map((field) => field.path),
  );
  if (ids.size === 0) return root;
  const walk = (node: FieldNode): FieldNode => {
    if (ids.has(node.path)) return { ...node, children: [wordOf(part, node)] };
    return node.children === undefined ? node : { ...node, children: node.children.map(walk) };
  };
  return walk(root);
}

function wordOf(part: Part, node: FieldNode): FieldNode {
  return {
    key: 'as_uint64',
    path: `${node.path}.as_uint64`,
    offset: node.offset,
    size: 8,
    type: u64,
    value: part.view.getBigUint64(part.offset + node.offset, true),
  };
}
