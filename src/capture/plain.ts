import { iommu_veventq_type, iommufd_vevent_header } from '../abi/iommufd/viommu.js';
import { vmbus } from '../abi/vmbus/messages.js';
import { AbiError, DecodeError } from '../bytes/errors.js';
import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import { viewOf } from '../bytes/span.js';
import { controlWord } from '../hypercall/words.js';
import type { Issue } from '../layout/describe.js';
import { type Layout, pick } from '../layout/group.js';
import type { Direction } from '../layout/messages.js';
import type { Arch } from '../layout/types.js';
import { locateCall } from './hypercall-part.js';
import { anyUnknown, issue, type Setting, structPart } from './locate.js';
import { vmbusPart } from './message-part.js';
import { callOf, type Named, requireName } from './names.js';
import { DESCRIPTOR } from './packet-part.js';
import { type PlainStream, streamOf } from './plain-stream.js';
import type { DecodedRecord, Part, Slack } from './record.js';
import { Session } from './session.js';
import { VEVENT_HEADER, veventSize } from './vevent-part.js';
import { vpciMessage } from './vpci-part.js';

export interface PlainOptions {
  /** Struct, hypercall or message; `ring`, `veventq`, the type of a vEVENTQ or `faultq` for records that say their own size. */
  readonly as?: string;
  /** Control word of every page. */
  readonly control?: bigint;
  readonly arch?: Arch;
  readonly abi?: string;
  /** vPCI protocol version. */
  readonly proto?: number;
  readonly direction?: Direction;
  /** Bytes from one structure to the next. */
  readonly stride?: number;
}

/** Reads structures out of plain bytes that arrive in pieces. */
export class PlainReader {
  private readonly setting: Setting;
  private readonly options: PlainOptions;
  private readonly named: Named | undefined;
  private readonly stream: PlainStream | undefined;
  private readonly session = new Session();
  private readonly step: number;
  private held = new Uint8Array(0);
  private readonly pieces: Uint8Array[] = [];
  private n = 0;
  private base = 0;

  /** Throws AbiError E_UNKNOWN_NAME; E_FORMAT when neither `as` nor `control` says what the bytes are; E_RANGE for a bad stride. */
  constructor(options: PlainOptions) {
    this.options = options;
    this.setting = { arch: options.arch ?? 'x64', ...(options.abi ? { abi: options.abi } : {}) };
    const { setting, session } = this;
    this.stream = options.as === undefined ? undefined : streamOf(options.as, { ...options, setting, session });
    if (options.as !== undefined && this.stream === undefined) this.named = requireName(options.as);
    else if (options.control !== undefined) {
      const call = callOf(Number(options.control & 0xffffn));
      if (call) this.named = { kind: 'hypercall', name: call.name, call };
    }
    if (this.stream === undefined && this.named === undefined && options.control === undefined) {
      throw new AbiError('E_FORMAT', 'plain bytes need --as NAME or --control 0x… to be read');
    }
    this.step = options.stride ?? strideOf(this.named, this.setting);
    if (!Number.isInteger(this.step) || this.step < 0 || options.stride === 0)
      throw new AbiError('E_RANGE', `a stride is a number of bytes from 1 up, got ${options.stride}`);
  }

  /** Records that the bytes so far hold; what is left waits for more. */
  *push(piece: Uint8Array): Generator<DecodedRecord> {
    if (this.step === 0 && this.stream === undefined) {
      // One structure up to the end: joined once, there.
      this.pieces.push(piece.slice());
      return;
    }
    this.hold(piece);
    if (this.stream !== undefined) {
      yield* this.streamed(this.stream, false);
      return;
    }
    let at = 0;
    for (; at + this.step <= this.held.length; at += this.step) yield this.one(this.held.subarray(at, at + this.step));
    this.held = this.held.slice(at);
  }

  /** The last, possibly short, record. */
  *end(): Generator<DecodedRecord> {
    if (this.pieces.length > 0) this.held = joined(this.pieces.splice(0));
    if (this.stream !== undefined) yield* this.streamed(this.stream, true);
    else if (this.held.length > 0) yield this.one(this.held);
    this.held = new Uint8Array(0);
  }

  private hold(piece: Uint8Array): void {
    this.held = this.held.length === 0 ? piece.slice() : joined([this.held, piece]);
  }

  private one(bytes: Uint8Array): DecodedRecord {
    const source = { at: this.base };
    this.base += bytes.length;
    const head = { n: this.n++, kind: 'bytes', source, bytes: bytes.length };
    const view = viewOf(bytes);
    const direction = this.options.direction ?? 'guest->host';
    const { named, setting } = this;
    if (named === undefined || named.kind === 'hypercall') {
      const control = this.options.control ?? controlWord({ code: named?.kind === 'hypercall' ? named.call.code : 0 });
      const output = direction === 'host->guest';
      const located = locateCall(
        {
          control,
          input: output ? viewOf(new Uint8Array(0)) : view,
          ...(output ? { output: view } : {}),
          page: true,
          toTheEnd: this.options.control === undefined,
        },
        setting,
        this.session,
      );
      const call = this.options.control === undefined ? {} : { call: located.words };
      return {
        ...head,
        ...call,
        ...(located.call ? { name: located.call.name } : {}),
        unknown: located.call === undefined || anyUnknown(located.parts),
        parts: located.parts,
        issues: located.issues,
        direction,
      };
    }
    const part = named.kind === 'message' ? this.message(named, view, direction) : this.struct(named.layout, view);
    return {
      ...head,
      name: part.name ?? part.struct,
      unknown: anyUnknown([part]),
      parts: [part],
      issues: [],
      ...(named.kind === 'message' ? { direction: part.direction ?? direction } : {}),
    };
  }

  private struct(layout: Layout, view: DataView): Part {
    const { size, minSize, flexible } = pick(layout, { ...this.setting, size: view.byteLength }).type;
    if (view.byteLength < minSize)
      throw new DecodeError('E_TRUNCATED', `needs ${minSize} bytes, ${view.byteLength} are there`, {
        struct: layout.name,
        offset: 0,
      });
    const issues = layout === iommufd_vevent_header ? missingEvent(view) : [];
    const part = structPart({ label: '', view, offset: 0, end: view.byteLength }, layout, this.setting, { issues });
    const left = view.byteLength - part.size;
    if (left === 0) return part;
    const slack: Slack = { name: 'bytes behind the struct', offset: part.size, length: left };
    return this.options.stride !== undefined || (!flexible && size === this.step)
      ? { ...part, slack: [...part.slack, slack] }
      : { ...part, unattributed: left };
  }

  private message(named: Extract<Named, { kind: 'message' }>, view: DataView, asked: Direction): Part {
    const direction = this.options.direction ?? named.message.direction ?? asked;
    if (named.table === vmbus) {
      const part = vmbusPart('', view, 0, view.byteLength, direction, this.setting, this.session);
      // Without a slot around it nothing else accounts for what the message leaves.
      const left = part.type === undefined ? part.size : view.byteLength - part.size;
      return left === 0 ? part : { ...part, unattributed: part.unattributed + left };
    }
    const slack: Slack[] = [];
    const channel = this.session.channel(0);
    if (this.options.proto !== undefined) channel.protocol = this.options.proto;
    // Bytes of a form that begins with the packet descriptor may be given with it or without.
    const { code } = named.message;
    const whole = view.byteLength >= DESCRIPTOR + 4 && view.getUint32(DESCRIPTOR, true) === code;
    const offset = whole && named.message.is.some((form) => form.withDescriptor) ? DESCRIPTOR : 0;
    const place = { label: '', view, offset, end: view.byteLength };
    const located = vpciMessage(
      { place, packetAt: 0, direction, transaction: '', wantsCompletion: false, n: this.n },
      channel,
      this.setting,
      slack,
    );
    return { ...located.part, slack: [...located.part.slack, ...slack] };
  }

  private *streamed(stream: PlainStream, last: boolean): Generator<DecodedRecord> {
    let at = 0;
    while (last ? at < this.held.length : at + stream.head <= this.held.length) {
      const isKnown = at + stream.head <= this.held.length;
      const size = isKnown ? stream.sizeAt(viewOf(this.held), at) : stream.head;
      if (at + size > this.held.length && !last) break;
      const bytes = this.held.slice(at, Math.min(at + size, this.held.length));
      const { part, name, direction, request } = stream.locate(bytes, this.n);
      yield {
        n: this.n++,
        kind: stream.kind,
        source: { at: this.base + at },
        bytes: bytes.length,
        parts: [part],
        issues: [],
        unknown: name === undefined || anyUnknown([part]),
        ...(direction === undefined ? {} : { direction }),
        ...(name === undefined ? {} : { name }),
        ...(request === undefined ? {} : { links: { request } }),
      };
      at += bytes.length;
    }
    this.held = this.held.slice(at);
    this.base += at;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Bytes of a queue that are taken for headers alone would be misread in silence. */
function missingEvent(view: DataView): Issue[] {
  if (veventSize(view, 0, iommu_veventq_type.IOMMU_VEVENTQ_TYPE_ARM_SMMUV3) === VEVENT_HEADER) return [];
  return [issue('I_SHORT', 'the event behind the header is not read with it: `veventq` reads both', VEVENT_HEADER)];
}

function strideOf(named: Named | undefined, setting: Setting): number {
  if (named === undefined || named.kind === 'hypercall') return HV_HYP_PAGE_SIZE;
  if (named.kind === 'message') return 0;
  const { type } = pick(named.layout, setting);
  return type.flexible ? 0 : type.size;
}

/** All records of bytes at hand. Throws AbiError E_UNKNOWN_NAME, E_FORMAT; DecodeError E_TRUNCATED. */
export function* decodePlain(bytes: Uint8Array, options: PlainOptions): Generator<DecodedRecord> {
  const reader = new PlainReader(options);
  yield* reader.push(bytes);
  yield* reader.end();
}
