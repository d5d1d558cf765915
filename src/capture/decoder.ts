import { hv_message } from '../abi/synic/message.js';
import { DecodeError } from '../bytes/errors.js';
import { viewOf } from '../bytes/span.js';
import type { Issue } from '../layout/describe.js';
import type { Direction } from '../layout/messages.js';
import type { Arch } from '../layout/types.js';
import { Decoded } from './decoded.js';
import { bytesIn, type Event, wordOf } from './event.js';
import { factsOf } from './facts.js';
import { locateCall } from './hypercall-part.js';
import { locateIommufd } from './iommufd-part.js';
import { anyUnknown, type Setting, structPart } from './locate.js';
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

export type { Event } from './event.js';

/** Reads the events of one trace in order; what earlier ones say (architecture, versions, offers, requests) decides how later ones are read. */
export class Decoder {
  private readonly options: DecoderOptions;
  private session = new Session();
  private arch: Arch;
  private next = 0;
  private setting: Setting;

  constructor(options: DecoderOptions = {}) {
    this.options = options;
    this.arch = options.arch ?? 'x64';
    this.setting = { arch: this.arch, abi: options.abi };
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
    if (this.arch !== this.setting.arch) this.setting = { arch: this.arch, abi: this.options.abi };
    const { setting } = this;
    // Traces one behind the other are different guests.
    if (kind === 'setup') this.session = new Session();
    switch (kind) {
      case 'hypercall':
        return this.hypercall(n, kind, event, setting);
      case 'synic_message':
        return this.slot(n, kind, event, setting);
      case 'ring':
        return this.packet(n, kind, event, setting);
      case 'ring_control':
        return this.ringControl(n, kind, event, setting);
      default:
        return this.iommufd(n, kind, event, setting) ?? this.plain(n, kind, event);
    }
  }

  /** Requests, reads and writes of a process at its IOMMU, and what the IOMMU reports; undefined for other kinds. */
  private iommufd(n: number, kind: string, event: Event, setting: Setting): DecodedRecord | undefined {
    const found = locateIommufd(kind, event, n, setting, this.session);
    return (
      found &&
      new Decoded(n, kind, event, found.parts, {
        unknown: anyUnknown(found.parts),
        issues: NO_ISSUES,
        bytes: found.bytes,
        name: found.name,
        facts: factsOf(kind, event, this.session).facts,
        request: found.request,
      })
    );
  }

  private hypercall(n: number, kind: string, event: Event, setting: Setting): DecodedRecord {
    const control = wordOf(event, 'control');
    const result = event.result === undefined || event.result === null ? undefined : wordOf(event, 'result');
    const input = bytesIn(event, 'in');
    const output = bytesIn(event, 'out');
    const located = locateCall(
      { control, result, input: viewOf(input), output: output.length ? viewOf(output) : undefined },
      setting,
      this.session,
    );
    const inner = located.parts[0]?.inner;
    const request = inner && learn(inner, n, this.session);
    return new Decoded(n, kind, event, located.parts, {
      unknown: located.call === undefined || anyUnknown(located.parts),
      issues: located.issues,
      call: located.words,
      bytes: input.length + output.length,
      direction: 'guest->host',
      name: located.call?.name,
      request,
    });
  }

  private slot(n: number, kind: string, event: Event, setting: Setting): DecodedRecord {
    const raw = bytesIn(event, 'raw');
    const view = viewOf(raw);
    const slack: Slack[] = [];
    const inner = raw.length >= 16 ? messageInSlot(view, 0, setting, this.session, slack) : undefined;
    const part = structPart({ label: 'raw', view, offset: 0, end: raw.length }, hv_message, setting, {
      direction: 'host->guest',
      slack,
      ...(inner ? { inner } : {}),
    });
    const request = inner && learn(inner, n, this.session);
    const name = inner?.name ?? 'hv_message';
    return new Decoded(n, kind, event, [rest(part, raw.length)], {
      unknown: anyUnknown([part]),
      issues: NO_ISSUES,
      bytes: raw.length,
      name,
      direction: 'host->guest',
      facts: factsOf(kind, event, this.session).facts,
      request,
    });
  }

  private packet(n: number, kind: string, event: Event, setting: Setting): DecodedRecord {
    const raw = bytesIn(event, 'raw');
    const ctl = bytesIn(event, 'ctl');
    const direction: Direction = event.direction === 'h2g' ? 'host->guest' : 'guest->host';
    const relid = Number(event.relid ?? -1);
    const channel = this.session.channel(relid);
    if (channel.protocol === undefined && channel.asked === undefined && this.options.proto !== undefined)
      channel.protocol = this.options.proto;
    const ringOffset = typeof event.offset === 'number' ? event.offset : undefined;
    const located = locatePacket(
      { view: viewOf(raw), offset: 0, end: raw.length, ringOffset },
      direction,
      relid,
      n,
      setting,
      this.session,
    );
    const parts = [located.part];
    if (ctl.length) parts.push(ringControlPart('ctl', viewOf(ctl), setting));
    return new Decoded(n, kind, event, parts, {
      unknown: located.name === undefined || anyUnknown(parts),
      issues: NO_ISSUES,
      bytes: raw.length + ctl.length,
      direction,
      facts: factsOf(kind, event, this.session).facts,
      name: located.name,
      request: located.request,
    });
  }

  private ringControl(n: number, kind: string, event: Event, setting: Setting): DecodedRecord {
    const raw = bytesIn(event, 'raw');
    const parts = raw.length ? [ringControlPart('raw', viewOf(raw), setting)] : [];
    return new Decoded(n, kind, event, parts, {
      unknown: false,
      issues: NO_ISSUES,
      bytes: raw.length,
      name: 'hv_ring_buffer',
      facts: factsOf(kind, event, this.session).facts,
    });
  }

  /** Records without byte strings: registers, event flags, interrupts, device accesses, markers. */
  private plain(n: number, kind: string, event: Event): DecodedRecord {
    const found = factsOf(kind, event, this.session, this.arch);
    return new Decoded(n, kind, event, NO_PARTS, {
      unknown: found.unknown,
      issues: found.issues,
      bytes: strayBytes(event.in) + strayBytes(event.out) + strayBytes(event.raw) + strayBytes(event.ctl),
      facts: found.facts,
      name: found.name,
    });
  }
}

const NO_PARTS: readonly Part[] = [];
const NO_ISSUES: readonly Issue[] = [];

/** Bytes in a byte string of a kind that has none; text that is not hexadecimal is none. */
function strayBytes(text: unknown): number {
  return typeof text === 'string' && text.length % 2 === 0 && /^[0-9a-f]*$/i.test(text) ? text.length >> 1 : 0;
}

/** Bytes behind the structure that nothing explained. */
function rest(part: Part, length: number): Part {
  const left = length - part.offset - part.size;
  return left > 0 ? { ...part, unattributed: part.unattributed + left } : part;
}

/** Registers and interrupts are named as the architecture names them; the kernel's file name may say it before. */
function archOf(event: Event, before: Arch): Arch {
  if (event.arch === 'x64' || event.arch === 'arm64') return event.arch;
  switch (event.k) {
    case 'hypercall':
      return Array.isArray(event.x) ? 'arm64' : event.rip === undefined ? before : 'x64';
    case 'intid':
      return 'arm64';
    case 'msi':
      return 'x64';
    case 'setup':
      return /arm64|aarch64/.test(String(event.kernel)) ? 'arm64' : 'x64';
    default:
      return before;
  }
}
