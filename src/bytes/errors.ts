/** One frozen table of error codes; docs/errors.md and the README list is checked against it by a spec. */
export const ERROR_CODES = /* @__PURE__ */ Object.freeze({
  E_LAYOUT_SIZE: 'a declaration claims a size that its fields do not add up to',
  E_LAYOUT_NAME: 'a declared name is not an identifier, is reserved or is used twice',
  E_LAYOUT_BITS: 'the bit-field widths of a declaration do not fill its word',
  E_LAYOUT_TAG: 'a union tag, a count or a rep names no field of the struct, or no arm',
  E_LAYOUT_ORDER: 'a list or another part of variable size is followed by a fixed field',
  E_LAYOUT_KIND: 'a declaration uses a kind where the kernel cannot place it',
  E_TRUNCATED: 'the bytes end before the structure does',
  E_TRAILING: 'bytes are left behind the structure',
  E_TYPE: 'a value has the wrong type for its field',
  E_RANGE: 'a value does not fit its field',
  E_LENGTH: 'a list, a byte string or an area has the wrong length',
  E_MISSING: 'a field of the value is missing',
  E_UNKNOWN_FIELD: 'the value has a key that the declaration does not',
  E_ARM: 'a union value does not have exactly one known arm',
  E_ALIGN: 'an address or an offset is not aligned as required',
  E_UNKNOWN_NAME: 'no struct, hypercall, message or constant has this name',
  E_NO_VERSION: 'no declared version fits the architecture, ABI, protocol or size asked for',
  E_DIRECTION: 'a message went the wrong way',
  E_HEX: 'text is not hexadecimal bytes',
  E_FORMAT: 'the input is in no recognised format',
  E_RECORD: 'a capture record is malformed',
  E_GPA: 'a guest physical address is outside the memory or in a hole, or memory is laid out as it cannot be',
  E_REENTRY: 'a hypercall page is taken while its CPU has it, or given back by one that has not',
  E_AREA: 'hypercall areas do not fit their page, or the CPU has no page',
  E_FRAME: 'a page frame is given back that is not taken or belongs to no one here',
  E_RING_AREA: 'memory cannot hold a ring: its size, its place or the byte order of the machine',
  E_RING_INDEX: 'an index in the control page of a ring is outside the ring, unaligned or where it cannot be',
  E_RING_PACKET: 'a packet in a ring contradicts itself or the write index',
  E_RING_RANGE: 'a list of ranges in a packet is cut short or describes no memory',
  E_RING_SIZE: 'more bytes than the ring or the buffer can ever hold',
  E_HYPERVISOR: 'a host sets its hypervisor up, or uses it, as it cannot be',
} as const);

export type ErrorCode = keyof typeof ERROR_CODES;

/** Base of every error thrown by the library; `offset` is in bytes from the start of `struct`, -1 where no byte is meant. */
export class AbiError extends Error {
  readonly code: ErrorCode;
  readonly path: string;
  readonly offset: number;
  readonly struct: string;

  constructor(code: ErrorCode, what: string, at: { struct?: string; path?: string; offset?: number } = {}) {
    const struct = at.struct ?? '';
    const path = at.path ?? '';
    const offset = at.offset ?? -1;
    const name = [struct, path].filter((s) => s !== '').join('.');
    const where = [name, offset < 0 ? '' : `@0x${offset.toString(16)}`].filter((s) => s !== '').join(' ');
    super(`${where === '' ? '' : `${where}: `}${what} [${code}]`);
    this.name = new.target.name;
    this.code = code;
    this.path = path;
    this.offset = offset;
    this.struct = struct;
  }
}

/** A declaration is wrong; thrown when its module loads. */
export class LayoutError extends AbiError {}
/** Bytes cannot be read as the structure. */
export class DecodeError extends AbiError {}
/** A value cannot be written as the structure. */
export class EncodeError extends AbiError {}
