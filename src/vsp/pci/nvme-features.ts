import { NVME_FEAT_NUM_QUEUES } from '../../hardware/nvme.js';
import type { NvmeCommand, NvmeOutcome } from './nvme-command.js';
import { NVME_FEATURE_NOT_SAVEABLE, NVME_INVALID_FIELD, NVME_SUCCESS } from './nvme-status.js';

/** Arbitration, power, temperature, errors, write cache, coalescing, vectors, atomicity, asynchronous events. */
const PLAIN: ReadonlySet<number> = new Set([0x01, 0x02, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0a, 0x0b]);

/** Set Features and Get Features: NVM Express 1.4, 5.21. */
export class NvmeFeatures {
  readonly #queues: number;
  readonly #values = new Map<number, number>();

  /** `queues` is the number of I/O queues of each kind. */
  constructor(queues: number) {
    this.#queues = queues;
    this.reset();
  }

  reset(): void {
    this.#values.clear();
    this.#values.set(0x06, 1);
  }

  set({ words }: NvmeCommand): NvmeOutcome {
    const [word, value] = [words[0]!, words[1]!];
    const feature = word & 0xff;
    if (word >>> 31 !== 0) return { status: NVME_FEATURE_NOT_SAVEABLE };
    if (feature === NVME_FEAT_NUM_QUEUES) return this.#setQueues(value);
    if (!PLAIN.has(feature)) return { status: NVME_INVALID_FIELD };
    this.#values.set(this.#key(feature, value), value);
    return { status: NVME_SUCCESS };
  }

  get({ words }: NvmeCommand): NvmeOutcome {
    const word = words[0]!;
    const feature = word & 0xff;
    if (feature === NVME_FEAT_NUM_QUEUES) return { status: NVME_SUCCESS, result: this.#pair };
    if (!PLAIN.has(feature)) return { status: NVME_INVALID_FIELD };
    return { status: NVME_SUCCESS, result: this.#values.get(this.#key(feature, words[1]!)) ?? 0 };
  }

  /** Some features have a value for each vector or sensor, named in the same word. */
  #key(feature: number, value: number): number {
    if (feature === 0x09) return feature | ((value & 0xff) << 8);
    return feature === 0x04 ? feature | (((value >>> 16) & 0x3f) << 8) : feature;
  }

  get #pair(): number {
    return (this.#queues - 1) | ((this.#queues - 1) << 16);
  }

  #setQueues(value: number): NvmeOutcome {
    // Both counts are one less than the number asked for; 65536 of either is refused.
    if ((value & 0xffff) === 0xffff || value >>> 16 === 0xffff) return { status: NVME_INVALID_FIELD };
    return { status: NVME_SUCCESS, result: this.#pair };
  }
}
