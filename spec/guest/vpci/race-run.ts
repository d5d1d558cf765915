import { bytesToHex } from '../../../src/bytes/hex.js';
import type { Outcome } from '../../../src/ports/outcome.js';
import { leaksOf } from '../../support/vpci-invariants.js';
import { VpciRig, type VpciRigOptions } from './vpci-rig.js';

/** Virtual time after which nothing may be left to do. */
const LIMIT_US = 600_000_000;

/** One interleaving of one race: choices of a seed, a rig, and what was found wrong. */
export class RaceRun {
  readonly seed: number;
  readonly problems: string[] = [];
  outcome: Outcome | undefined;
  private state: number;
  private made: VpciRig | undefined;

  constructor(seed: number) {
    this.seed = seed;
    this.state = (seed * 2654435761) >>> 0 || 1;
  }

  /** A number below `limit`. */
  next(limit: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }

  get rig(): VpciRig {
    if (this.made === undefined) throw new Error('the race has no rig yet');
    return this.made;
  }

  make(options: VpciRigOptions): VpciRig {
    this.made = new VpciRig({ seed: this.seed, ...options });
    return this.made;
  }

  check(holds: boolean, what: string): void {
    if (!holds) this.problems.push(what);
  }

  /** Queues the probe. */
  probe(): void {
    this.rig.queueProbe((outcome) => {
      this.outcome = outcome;
    });
  }

  /** Probes until nothing moves. */
  bringUp(): void {
    this.probe();
    this.rig.queue.drain(LIMIT_US);
    this.check(this.outcome?.ok === true, 'the probe failed');
  }

  /** Runs `act` so many microseconds from now. */
  later(us: number, act: () => void): void {
    this.rig.queue.after(us, act);
  }

  drain(): void {
    this.check(this.rig.queue.drain(LIMIT_US), 'something is left to do');
  }

  /** Times that the guest has sent message `n`. */
  sent(n: number): number {
    return this.sentTypes.filter((type) => type === n).length;
  }

  /** Numbers of the messages that the guest has sent. */
  get sentTypes(): number[] {
    return this.rig.channel.sent.map(({ payload }) => Number.parseInt(bytesToHex(payload, 0, 1), 16));
  }

  logged(code: string): number {
    return this.rig.guest.codes.filter((one) => one === code).length;
  }

  /** Removes what is there; nothing may be left of it. */
  finish(): readonly string[] {
    this.drain();
    this.rig.queueRemove();
    this.drain();
    this.problems.push(...leaksOf(this.rig).map((leak) => `left: ${leak}`));
    return this.problems;
  }
}

/** Numbers of messages: 0x42490000 + n. */
export const M = {
  queryRelations: 0x01,
  requirements: 0x05,
  d0Entry: 0x07,
  d0Exit: 0x08,
  ejectionComplete: 0x0f,
  released: 0x11,
  version: 0x13,
  assigned2: 0x16,
  create3: 0x1b,
} as const;

export const BASE = 0x42490000;
