import { LayoutError } from '../bytes/errors.js';
import type { Layout } from './group.js';

export type Direction = 'host->guest' | 'guest->host';

/** One wire form of a message: from which version, under which features, at which size. */
export interface MessageForm {
  /** First protocol version that has it, as the protocol numbers them. */
  readonly since?: number;
  /** Last version that sends it. */
  readonly until?: number;
  /** Any one of these feature bits must have been negotiated. */
  readonly features?: number;
  /** Taken only when so many bytes are there (size-selected forms). */
  readonly minSize?: number;
  /** Absent for a number without a known struct. */
  readonly body?: Layout;
  /** Reply struct, when a completion answers. */
  readonly reply?: Layout;
  /** True when `body` begins with the 16-byte VMBus packet descriptor. */
  readonly withDescriptor?: boolean;
  /** The same of `reply`. */
  readonly replyWithDescriptor?: boolean;
  /** Bytes that senders add behind the struct. */
  readonly slack?: number;
  /** Which ABI declares it so: linux or openvmm. */
  readonly source: string;
}

export interface Message {
  readonly name: string;
  readonly code: number;
  /** Absent where neither side sends it. */
  readonly direction?: Direction;
  /** Oldest and smallest first. */
  readonly is: readonly MessageForm[];
  readonly alias?: readonly string[];
  readonly note?: string;
}

export interface MessageTable {
  readonly kind: 'messages';
  readonly name: string;
  readonly byCode: ReadonlyMap<number, Message>;
  readonly byName: ReadonlyMap<string, Message>;
}

/** A table of messages told apart by a type number. Throws LayoutError E_LAYOUT_NAME for a code or name used twice. */
export function messages(name: string, rows: Readonly<Record<string, Omit<Message, 'name'>>>): MessageTable {
  const byCode = new Map<number, Message>();
  const byName = new Map<string, Message>();
  for (const [key, row] of Object.entries(rows)) {
    const message: Message = { name: key, ...row };
    if (byCode.has(row.code))
      throw new LayoutError('E_LAYOUT_NAME', `code 0x${row.code.toString(16)} is used twice`, {
        struct: name,
        path: key,
      });
    byCode.set(row.code, message);
    for (const spelled of [key, ...(row.alias ?? [])]) {
      if (byName.has(spelled))
        throw new LayoutError('E_LAYOUT_NAME', 'name is used twice', { struct: name, path: spelled });
      byName.set(spelled, message);
    }
  }
  return { kind: 'messages', name, byCode, byName };
}

export interface MessageContext {
  /** Negotiated protocol version; undefined when nothing is known, which allows every form. */
  readonly version?: number;
  /** Negotiated feature bits; when undefined, a form that needs one is taken only where the size tells. */
  readonly features?: number;
  /** Bytes at hand. */
  readonly size?: number;
  /** Only forms of this source. */
  readonly source?: string;
}

/** The newest form that version, features and size allow; undefined when the message is not part of the protocol then. */
export function pickForm(message: Message, context: MessageContext = {}): MessageForm | undefined {
  const { version, features, size, source } = context;
  let found: MessageForm | undefined;
  for (const form of message.is) {
    if (source !== undefined && form.source !== source) continue;
    if (version !== undefined && ((form.since ?? 0) > version || (form.until ?? Number.MAX_SAFE_INTEGER) < version))
      continue;
    if (form.features !== undefined && features !== undefined && (form.features & features) === 0) continue;
    // Unknown features: a form that needs one is taken only when the size says so.
    if (form.features !== undefined && features === undefined && form.minSize === undefined) continue;
    if (form.minSize !== undefined && size !== undefined && size < form.minSize) continue;
    found = form;
  }
  return found;
}
