import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';

/** One hypercall as its handler sees it. The object serves the VP's next call too: nothing of it may be kept. */
export interface GuestCall {
  /** Index of the VP that calls. */
  readonly vp: number;
  readonly code: number;
  readonly fast: boolean;
  /** Variable header, in qwords. */
  readonly varQwords: number;
  readonly reps: number;
  /** First rep to be done, and the one behind the last before the time slice ends. */
  readonly repStart: number;
  readonly repEnd: number;
  /** A private copy: header, variable header, the whole list. Bytes from `inputLength` on mean nothing. */
  readonly input: DataView;
  readonly inputLength: number;
  /** Where the list starts in `input`. */
  readonly listAt: number;
  /** Zeroed, `outputLength` bytes: header, and the whole list. */
  readonly output: DataView;
  readonly outputLength: number;
  /** Reps that are done, counted from rep 0. A rep call that succeeds without counting has done all up to `repEnd`. */
  done: number;
}

/** Does a call; its HV_STATUS. HV_STATUS_TIME_OUT lets the guest's processor make the call again, from `done` on. */
export type CallHandler = (call: GuestCall) => number;

/** A call in progress: what its handler sees, and what comes of it. */
export class CallFrame implements GuestCall {
  readonly vp: number;
  code = 0;
  fast = false;
  varQwords = 0;
  reps = 0;
  repStart = 0;
  repEnd = 0;
  done = 0;
  inputLength = 0;
  listAt = 0;
  outputLength = 0;
  /** Output bytes that the guest got, as a range of `output`. */
  outputFrom = 0;
  outputTo = 0;
  controlLo = 0;
  controlHi = 0;
  /** Halves of the result, unsigned. */
  resultLo = 0;
  resultHi = 0;
  /** The instruction is to be executed again, with the high half of the control word as in `retryHi`. */
  retry = false;
  retryHi = 0;
  /** The instruction raises #UD. */
  fault = false;
  readonly input: DataView;
  readonly output: DataView;
  readonly inputBytes: Uint8Array;
  readonly outputBytes: Uint8Array;
  readonly inputWords: Uint32Array;
  readonly inputQwords: BigUint64Array;
  readonly outputQwords: BigUint64Array;
  private readonly spans = new Map<number, Uint8Array>();

  constructor(vp: number) {
    this.vp = vp;
    const input = new ArrayBuffer(HV_HYP_PAGE_SIZE);
    const output = new ArrayBuffer(HV_HYP_PAGE_SIZE);
    this.input = new DataView(input);
    this.output = new DataView(output);
    this.inputBytes = new Uint8Array(input);
    this.outputBytes = new Uint8Array(output);
    this.inputWords = new Uint32Array(input);
    this.inputQwords = new BigUint64Array(input);
    this.outputQwords = new BigUint64Array(output);
  }

  /** The first `length` bytes of the input area; made once for each length. */
  inputSpan(length: number): Uint8Array {
    let span = this.spans.get(length);
    if (span === undefined) {
      span = this.inputBytes.subarray(0, length);
      this.spans.set(length, span);
    }
    return span;
  }

  /** Starts a call. */
  begin(lo: number, hi: number): void {
    this.controlLo = lo >>> 0;
    this.controlHi = hi >>> 0;
    this.code = lo & 0xffff;
    this.fast = (lo & 0x10000) !== 0;
    this.varQwords = (lo >>> 17) & 0x3ff;
    this.reps = hi & 0xfff;
    this.repStart = (hi >>> 16) & 0xfff;
    this.repEnd = this.reps;
    this.done = this.repStart;
    this.inputLength = 0;
    this.listAt = 0;
    this.outputLength = 0;
    this.outputFrom = 0;
    this.outputTo = 0;
    this.retry = false;
    this.fault = false;
  }
}

/** Frames of one VP: an interrupt handler may make a call while another of the same VP is not back. */
export class FramePool {
  private readonly vp: number;
  private readonly frames: CallFrame[] = [];
  private depth = 0;

  constructor(vp: number) {
    this.vp = vp;
  }

  take(): CallFrame {
    let frame = this.frames[this.depth];
    if (frame === undefined) {
      frame = new CallFrame(this.vp);
      this.frames[this.depth] = frame;
    }
    this.depth++;
    return frame;
  }

  give(): void {
    this.depth--;
  }
}
