import { vmbus_packet_type } from '../abi/vmbus/packet.js';
import type { Message, MessageTable } from '../layout/messages.js';
import type { AnyType } from '../layout/types.js';

/** Path of the scalar that tells the messages of a table apart, in a struct of one of them; undefined where it has none. */
export function tagPath(type: AnyType, table: MessageTable): readonly string[] | undefined {
  return pathOf(type, table.name);
}

/** Path of the first scalar whose values are those of the named enumeration. */
function pathOf(type: AnyType, enumeration: string): readonly string[] | undefined {
  switch (type.kind) {
    case 'scalar':
      return type.enumeration?.name === enumeration ? [] : undefined;
    case 'anon':
      return pathOf(type.of, enumeration);
    case 'struct':
      for (const slot of type.slots) {
        const inner = pathOf(slot.type, enumeration);
        if (inner !== undefined) return slot.anon && slot.type.kind !== 'union' ? inner : [slot.key, ...inner];
      }
      return undefined;
    default:
      return undefined;
  }
}

/** What a message says of itself: its type, and in front of it the packet that carries it. Pairs of path and value. */
export function tagsOf(
  type: AnyType,
  table: MessageTable,
  message: Message,
  withDescriptor: boolean,
): (readonly [path: readonly string[], value: number])[] {
  const tag = tagPath(type, table);
  const packet = withDescriptor ? pathOf(type, 'vmbus_packet_type') : undefined;
  const head = packet?.slice(0, -1);
  return [
    ...(tag === undefined ? [] : ([[tag, message.code]] as const)),
    ...(packet === undefined || head === undefined
      ? []
      : ([
          [packet, vmbus_packet_type.VM_PKT_DATA_INBAND],
          [[...head, 'offset8'], 2],
          [[...head, 'len8'], Math.ceil(type.size / 8)],
        ] as const)),
  ];
}
