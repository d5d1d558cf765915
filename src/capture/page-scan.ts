import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import { viewOf } from '../bytes/span.js';
import { splitControlWord } from '../hypercall/words.js';
import { pick } from '../layout/group.js';
import { type Hypercall, inputSide } from '../layout/hypercall.js';
import { maySuspect } from '../layout/suspect.js';
import type { AnyType, Arch } from '../layout/types.js';
import { PfnRuns } from './pfn-runs.js';

export interface PageScanOptions {
  readonly arch?: Arch;
  readonly control?: bigint;
}

/**
 * Input pages of one rep call with a u64 list, one behind the other, read for a summary only: no record is made.
 * Counts pages, reps, and the runs of the numbers in the lists; pages that may have issues are counted for a closer look.
 */
export class PageScan {
  readonly runs = new PfnRuns();
  pages = 0;
  reps = 0;
  bytes = 0;
  /** Pages whose header or list a strict reader would look at again. */
  suspicious = 0;
  private readonly type: AnyType;
  private readonly header: number;
  private readonly perPage: number;
  private readonly limits: { reps: number; end: number };
  private held = new Uint8Array(0);

  private constructor(type: AnyType, header: number, perPage: number) {
    this.type = type;
    this.header = header;
    this.perPage = perPage;
    this.limits = { reps: perPage, end: 0 };
  }

  /** A scan for calls that it fits: a list of u64 directly behind a fixed header that is a multiple of 4; else undefined. */
  static of(call: Hypercall, options: PageScanOptions = {}): PageScan | undefined {
    const arch = options.arch ?? 'x64';
    const side = inputSide(call, arch);
    if (call.input === undefined || call.varhead !== undefined || side.element !== 8 || side.header % 4 !== 0)
      return undefined;
    if (side.elementType?.kind !== 'scalar') return undefined;
    const room = Math.floor((HV_HYP_PAGE_SIZE - side.header) / 8);
    const reps = options.control === undefined ? room : splitControlWord(options.control).reps;
    return new PageScan(pick(call.input, { arch }).type, side.header, Math.min(room, reps));
  }

  push(piece: Uint8Array): void {
    let bytes = piece;
    if (this.held.length > 0) {
      bytes = new Uint8Array(this.held.length + piece.length);
      bytes.set(this.held);
      bytes.set(piece, this.held.length);
      this.held = new Uint8Array(0);
    } else if (piece.byteOffset % 4 !== 0) bytes = piece.slice();
    const whole = Math.floor(bytes.length / HV_HYP_PAGE_SIZE);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
    const view = viewOf(bytes);
    for (let page = 0; page < whole; page++) {
      const at = page * HV_HYP_PAGE_SIZE;
      const from = (at + this.header) / 4;
      this.runs.add(words, from, from + this.perPage * 2);
      this.limits.end = at + HV_HYP_PAGE_SIZE;
      if (maySuspect(this.type, view, at, this.limits)) this.suspicious++;
    }
    this.pages += whole;
    this.reps += whole * this.perPage;
    this.bytes += bytes.length - (bytes.length % HV_HYP_PAGE_SIZE);
    if (bytes.length % HV_HYP_PAGE_SIZE !== 0) this.held = bytes.slice(whole * HV_HYP_PAGE_SIZE);
  }

  /** Bytes of a last page that is cut short. */
  get left(): number {
    return this.held.length;
  }
}
