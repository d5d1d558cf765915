import { vmbus } from '../abi/vmbus/messages.js';
import { pick } from '../layout/group.js';
import { type Direction, type Message, type MessageForm, pickForm } from '../layout/messages.js';

export interface VmbusParseOptions {
  /** Negotiated version, major << 16 | minor; 0 before a connection; undefined when unknown, which allows every form. */
  readonly version?: number;
  /** Negotiated feature bits; undefined when unknown. */
  readonly features?: number;
  /** Which way the message went; undefined when unknown. */
  readonly direction?: Direction;
  /** Only forms that this side declares: linux or openvmm. */
  readonly source?: string;
}

export type VmbusParse =
  | { readonly ok: true; readonly message: Message; readonly form: MessageForm }
  /** Fewer bytes than the header, or than the form that version and features ask for. */
  | { readonly ok: false; readonly error: 'TooSmall'; readonly needs: number; readonly message?: Message }
  /** No such type, or not in this version or with these features. */
  | { readonly ok: false; readonly error: 'Invalid'; readonly type: number; readonly message?: Message }
  /** A type that only the other side sends. */
  | { readonly ok: false; readonly error: 'WrongDirection'; readonly message: Message };

const HEADER_BYTES = 8;

/**
 * Tells which message the `length` bytes at `offset` of `view` are. Bytes behind the form are allowed, the padding word of
 * the header is not looked at (both as OpenVMM's vmbus_core/src/protocol/macros.rs). Never throws.
 */
export function parseVmbusMessage(
  view: DataView,
  offset: number,
  length: number,
  options: VmbusParseOptions = {},
): VmbusParse {
  const size = Math.min(length, view.byteLength - offset);
  if (!(offset >= 0) || !(size >= HEADER_BYTES)) return { ok: false, error: 'TooSmall', needs: HEADER_BYTES };
  const type = view.getUint32(offset, true);
  const message = vmbus.byCode.get(type);
  if (message === undefined) return { ok: false, error: 'Invalid', type };
  const { version, features, source, direction } = options;
  const context = {
    ...(version === undefined ? {} : { version }),
    ...(features === undefined ? {} : { features }),
    ...(source === undefined ? {} : { source }),
  };
  // A form that length alone rules out tells how many bytes are missing.
  const form = pickForm(message, { ...context, size }) ?? pickForm(message, context);
  if (form === undefined) return { ok: false, error: 'Invalid', type, message };
  // One parser for both directions let a guest send the host its own message types (microsoft/openvmm pull 3685).
  if (direction !== undefined && message.direction !== undefined && direction !== message.direction)
    return { ok: false, error: 'WrongDirection', message };
  const needs = Math.max(form.minSize ?? 0, form.body ? pick(form.body, { size }).type.minSize : HEADER_BYTES);
  return size < needs ? { ok: false, error: 'TooSmall', needs, message } : { ok: true, message, form };
}
