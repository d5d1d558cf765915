import { hv_message } from '../abi/synic/message.js';
import { AbiError, DecodeError } from '../bytes/errors.js';
import { hexToBytes } from '../bytes/hex.js';
import { viewOf } from '../bytes/span.js';
import type { Issue } from '../layout/describe.js';
import type { Direction } from '../layout/messages.js';
import type { Arch } from '../layout/types.js';
import { factsOf } from './facts.js';
import { locateCall } from './hypercall-part.js';
import { type Setting, structPart } from './locate.js';
import { learn, messageInSlot } from './message-part.js';
import { locatePacket, ringControlPart } from './packet-part.js';
import type { DecodedRecord, Part, Slack } from './record.js';
import { Session } from './session.js';

export interface DecoderOptions {
  readonly arch?: Arch;
  /** Forces an ABI version where a struct has several. */
  readonly abi?: string;
  /** vPCI protocol version of channels whose negotiation is not in the capture. */
  readonly proto?: number;
}

export type Event = Readonly<Record<string, unknown>>;

/** Reads the events of one trace in order; what earlier ones say (architecture, versions, offers, requests) decides how later ones are read. */
export class Decoder {
  private readonly options: DecoderOptions;
  private readonly session = new Session();
  private arch: Arch;
  private next = 0;

  constructor(options: DecoderOptions = {}) {
    this.options = options;
    this.arch = options.arch ?? 'x64';
  }

  /** The architecture that the events so far speak for. */
  get architecture(): Arch {
    return this.arch;
  }

  /** One event of a trace. Throws DecodeError E_RECORD when it is no object with a kind, or its hex is none. */
  push(event: Event): DecodedRecord {
    const kind = event.k ?? event.kind;
    if (typeof kind !== 'string') throw new DecodeError('E_RECORD', 'an event has a kind in `k`', { struct: 'event' });
    const n = typeof event.n === 'number' ? event.n : this.next;
    this.next = n + 1;
    if (this.options.arch === undefined) this.arch = archOf(event, this.arch);
    const setting: Setting = { arch: this.arch, ...(this.options.abi ? { abi: this.options.abi } : {}) };
    const head = { n, kind, source: event };
    switch (kind) {
      case 'hypercall':
        return this.hypercall(head, event, setting);
      case 'synic_message':
        return this.slot(head, event, setting);
      case 'ring':
        return this.packet(head, event, setting);
      case 'ring_control':
        return this.ringControl(head, event, setting);
      default:
        return this.plain(head, event, setting);
    }
  }

  private hypercall(head: Head, event: Event, setting: Setting): DecodedRecord {
    const control = word(event, 'control');
    const result = event.result === undefined ? undefined : word(event, 'result');
    const input = bytes(event, 'in');
    const output = bytes(event, 'out');
    const located = locateCall(
      {
        control,
        ...(result === undefined ? {} : { result }),
        input: viewOf(input),
        ...(output.length ? { output: viewOf(output) } : {}),
      },
      setting,
      this.session,
    );
    const inner = located.parts[0]?.inner;
    const request = inner && learn(inner, head.n, this.session);
    return record(head, located.parts, {
      unknown: located.call === undefined || anyUnknown(located.parts),
      issues: located.issues,
      call: located.words,
      bytes: input.length + output.length,
      direction: 'guest->host',
      ...(located.call ? { name: located.call.name } : {}),
      ...(request === undefined ? {} : { request }),
    });
  }

  private slot(head: Head, event: Event, setting: Setting): DecodedRecord {
    const raw = bytes(event, 'raw');
    const view = viewOf(raw);
    const slack: Slack[] = [];
    const inner = raw.length >= 16 ? messageInSlot(view, 0, setting, this.session, slack) : undefined;
    const part = structPart({ label: 'raw', view, offset: 0, end: raw.length }, hv_message, setting, {
      direction: 'host->guest',
      slack,
      ...(inner ? { inner } : {}),
    });
    const request = inner && learn(inner, head.n, this.session);
    const name = inner?.name ?? 'hv_message';
    return record(head, [rest(part, raw.length)], {
      unknown: anyUnknown([part]),
      issues: [],
      bytes: raw.length,
      name,
      direction: 'host->guest',
      facts: factsOf(head.kind, event, this.session).facts,
      ...(request === undefined ? {} : { request }),
    });
  }

  private packet(head: Head, event: Event, setting: Setting): DecodedRecord {
    const raw = bytes(event, 'raw');
    const ctl = bytes(event, 'ctl');
    const direction: Direction = event.direction === 'h2g' ? 'host->guest' : 'guest->host';
    const relid = Number(event.relid ?? -1);
    const channel = this.session.channel(relid);
    if (channel.protocol === undefined && channel.asked === undefined && this.options.proto !== undefined)
      channel.protocol = this.options.proto;
    const ringOffset = typeof event.offset === 'number' ? { ringOffset: event.offset } : {};
    const located = locatePacket(
      { view: viewOf(raw), offset: 0, end: raw.length, ...ringOffset },
      direction,
      relid,
      head.n,
      setting,
      this.session,
    );
    const parts = [located.part];
    if (ctl.length) parts.push(ringControlPart('ctl', viewOf(ctl), setting));
    return record(head, parts, {
      unknown: located.name === undefined || anyUnknown(parts),
      issues: [],
      bytes: raw.length + ctl.length,
      direction,
      facts: factsOf(head.kind, event, this.session).facts,
      ...(located.name ? { name: located.name } : {}),
      ...(located.request === undefined ? {} : { request: located.request }),
    });
  }

  private ringControl(head: Head, event: Event, setting: Setting): DecodedRecord {
    const raw = bytes(event, 'raw');
    const parts = raw.length ? [ringControlPart('raw', viewOf(raw), setting)] : [];
    return record(head, parts, {
      unknown: false,
      issues: [],
      bytes: raw.length,
      name: 'hv_ring_buffer',
      facts: factsOf(head.kind, event, this.session).facts,
    });
  }

  /** Records without byte strings: registers, event flags, interrupts, device accesses, markers. */
  private plain(head: Head, event: Event, _setting: Setting): DecodedRecord {
    const found = factsOf(head.kind, event, this.session, this.arch);
    const strays = ['in', 'out', 'raw', 'ctl'].reduce(
      (sum, key) => sum + (typeof event[key] === 'string' ? (event[key] as string).length >> 1 : 0),
      0,
    );
    return record(head, [], {
      unknown: found.unknown,
      issues: found.issues,
      bytes: strays,
      facts: found.facts,
      ...(found.name ? { name: found.name } : {}),
    });
  }
}

interface Head {
  readonly n: number;
  readonly kind: string;
  readonly source: Event;
}

interface Rest {
  readonly unknown: boolean;
  readonly issues: readonly Issue[];
  readonly bytes: number;
  readonly name?: string;
  readonly direction?: Direction;
  readonly call?: DecodedRecord['call'];
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly request?: number;
}

function record(head: Head, parts: readonly Part[], more: Rest): DecodedRecord {
  const { request, ...others } = more;
  return { ...head, parts, ...others, ...(request === undefined ? {} : { links: { request } }) } as DecodedRecord;
}

function anyUnknown(parts: readonly Part[]): boolean {
  return parts.some(
    (part) => part.issues.some((i) => i.code === 'I_UNKNOWN') || (part.inner !== undefined && anyUnknown([part.inner])),
  );
}

/** Bytes behind the structure that nothing explained. */
function rest(part: Part, length: number): Part {
  const left = length - part.offset - part.size;
  return left > 0 ? { ...part, unattributed: part.unattributed + left } : part;
}

function archOf(event: Event, before: Arch): Arch {
  if (event.arch === 'x64' || event.arch === 'arm64') return event.arch;
  if (Array.isArray(event.x) || event.k === 'intid') return 'arm64';
  if (event.k === 'setup' && typeof event.kernel === 'string')
    return /arm64|aarch64/.test(event.kernel) ? 'arm64' : before;
  return before;
}

function word(event: Event, key: string): bigint {
  const text = event[key];
  if (typeof text === 'number' && Number.isInteger(text)) return BigInt(text);
  if (typeof text !== 'string' || !/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text))
    throw new DecodeError('E_RECORD', `takes a 64-bit word as text, got ${JSON.stringify(text)}`, {
      struct: String(event.k),
      path: key,
    });
  return BigInt.asUintN(64, BigInt(text));
}

function bytes(event: Event, key: string): Uint8Array {
  const text = event[key];
  if (text === undefined || text === null) return new Uint8Array(0);
  if (typeof text !== 'string')
    throw new DecodeError('E_RECORD', `takes hex text, got ${JSON.stringify(text)}`, {
      struct: String(event.k),
      path: key,
    });
  try {
    return hexToBytes(text);
  } catch (error) {
    if (error instanceof AbiError)
      throw new DecodeError('E_RECORD', error.message, { struct: String(event.k), path: key, offset: error.offset });
    throw error;
  }
}
