/** States of a mailbox: the VP asks, the host answers, the VP takes the answer. */
export const IDLE = 0;
export const ASKED = 1;
export const ANSWERED = 2;

export const Ask = { Hypercall: 1, FastHypercall: 2, ReadMsr: 3, WriteMsr: 4, MmioRead: 5, MmioWrite: 6 } as const;

/** Interrupts of one VP that wait: APIC vectors, or INTIDs up to 1,019. */
export const INTERRUPTS = 1024;
const INTERRUPT_WORDS = INTERRUPTS / 32;
const WORDS = 64;
const QWORDS = 20;
/** Bytes of one mailbox. */
export const MAILBOX_BYTES = WORDS * 4 + QWORDS * 8;
/** Bytes before the first mailbox: the word that VPs ring for the host. */
export const HOST_BYTES = 64;

/** Words of shared memory that threads sleep on. */
export interface Bells {
  /** Rung for whoever answers. */
  readonly host?: Int32Array;
  /** Rung for the VP. */
  readonly vp?: Int32Array;
}

/**
 * What one VP in a thread of its own shares with its host: a request, its answer, and the interrupts that wait. One request is
 * outstanding at any time, as on a processor that left the guest.
 */
export class Mailbox {
  /** Word of the request's state; the VP sleeps on it. */
  readonly state: Int32Array;
  /** Kind, size, then the halves of a result, and whether the access was allowed. */
  readonly words: Int32Array;
  readonly qwords: BigUint64Array;
  /** Rung for the VP when an interrupt waits. */
  readonly bell: Int32Array;
  /** Rung for the host. */
  readonly hostBell: Int32Array;
  private readonly pending: Int32Array;

  /**
   * Mailbox `index` in memory of `sizeFor` bytes or more, zero in the beginning. A thread that serves or waits at several
   * sleeps on one word: `bells` are words to ring instead of the mailbox's own.
   */
  constructor(buffer: SharedArrayBuffer, index: number, bells: Bells = {}) {
    const at = HOST_BYTES + index * MAILBOX_BYTES;
    this.hostBell = bells.host ?? new Int32Array(buffer, 0, 1);
    this.state = new Int32Array(buffer, at, 1);
    this.bell = bells.vp ?? new Int32Array(buffer, at + 4, 1);
    this.words = new Int32Array(buffer, at + 8, 6);
    this.pending = new Int32Array(buffer, at + 32, INTERRUPT_WORDS);
    this.qwords = new BigUint64Array(buffer, at + WORDS * 4, QWORDS);
  }

  static sizeFor(vps: number): number {
    return HOST_BYTES + vps * MAILBOX_BYTES;
  }

  /** The host's side: an interrupt for the VP. One that waits already is one. */
  interrupt(vector: number): void {
    if (!(vector >= 0 && vector < INTERRUPTS)) return;
    Atomics.or(this.pending, vector >> 5, 1 << (vector & 31));
    ring(this.bell);
  }

  /** The VP's side: the lowest interrupt that waits, taken; undefined when none does. */
  takeInterrupt(): number | undefined {
    for (let word = 0; word < INTERRUPT_WORDS; word++) {
      const bits = Atomics.load(this.pending, word);
      if (bits === 0) continue;
      const bit = 31 - Math.clz32(bits & -bits);
      Atomics.and(this.pending, word, ~(1 << bit));
      return word * 32 + bit;
    }
    return undefined;
  }
}

/** Changes the word and wakes who sleeps on it. */
export function ring(bell: Int32Array): void {
  Atomics.add(bell, 0, 1);
  Atomics.notify(bell, 0);
}
