import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import type { GuestMemory } from '../ports/guest-memory.js';
import type { HypercallArea, InputPages } from '../ports/input-pages.js';
import type { PageFrames } from '../ports/page-frames.js';
import { CpuAreas, outputOffset, requireAreas } from './area-shape.js';
import { MemoryError } from './memory-error.js';

/** Words of the head, and of each CPU: a cache line each, so that CPUs do not slow each other down. */
const LINE = 16;
/** Words of the head. */
const [MARK, CPUS, SEPARATE, OWNERS, LEAKED] = [0, 1, 2, 3, 4];
/** "HVPG", so that words of something else are not taken for pages. */
const MARK_VALUE = 0x47505648;
/** Words of a CPU: who has its page (0 nobody), flags, bytes that may be other than zero, frame number. */
const [HOLDER, FLAGS, DIRTY, PFN_LO, PFN_HI] = [0, 1, 2, 3, 4];
const ONLINE = 1;
const HAS_PAGE = 2;
const MAX_CPUS = 0x1_0000;
const HIGH = 0x1_0000_0000;

export interface HypercallPagesOptions {
  /** CPUs are 0 to `cpus` - 1. */
  readonly cpus: number;
  /** A second page per CPU for output, as root and VTL≠0 have it; without, both areas are carved from one page (PVI-40). */
  readonly separateOutput?: boolean;
  readonly share?: SharePage;
}

/**
 * Makes a page visible to the host, as a confidential guest without a paravisor must. False when that failed: then nobody
 * knows who can see the page, and it is never used again (PVI-42).
 */
export type SharePage = (pfn: number) => boolean;

/** How a CPU came online: `no-memory` and `not-shared` leave it without a page. */
export type Onlined = 'ready' | 'no-memory' | 'not-shared';

/**
 * The per-CPU hypercall pages (COM-03, COM-04, PVI-40..42). Who has which page is in shared memory: a CPU whose page is taken
 * is refused to every Worker, and what a Worker held when it died can be reclaimed.
 */
export class HypercallPages implements InputPages {
  /** The state; post it to another Worker and attach there. */
  readonly words: Int32Array;
  readonly cpus: number;
  readonly separateOutput: boolean;
  /** Number of this attachment, never given again: what `holder` says while this object has a page. */
  readonly owner: number;
  readonly #memory: GuestMemory;
  readonly #frames: PageFrames;
  readonly #share: SharePage | undefined;
  readonly #areas: (CpuAreas | undefined)[];

  private constructor(memory: GuestMemory, frames: PageFrames, words: Int32Array, share: SharePage | undefined) {
    this.words = words;
    this.cpus = words[CPUS]!;
    this.separateOutput = words[SEPARATE] === 1;
    this.owner = Atomics.add(words, OWNERS, 1) + 1;
    this.#memory = memory;
    this.#frames = frames;
    this.#share = share;
    this.#areas = new Array<CpuAreas | undefined>(this.cpus).fill(undefined);
  }

  /** Pages for CPUs none of which is online yet. Throws MemoryError E_AREA for a number of CPUs that cannot be. */
  static create(memory: GuestMemory, frames: PageFrames, options: HypercallPagesOptions): HypercallPages {
    const { cpus, separateOutput = false, share } = options;
    if (!(Number.isInteger(cpus) && cpus > 0 && cpus <= MAX_CPUS))
      throw new MemoryError('E_AREA', `${cpus} is no number of CPUs`);
    const words = new Int32Array(new SharedArrayBuffer(4 * LINE * (1 + cpus)));
    words[CPUS] = cpus;
    words[SEPARATE] = separateOutput ? 1 : 0;
    Atomics.store(words, MARK, MARK_VALUE);
    return new HypercallPages(memory, frames, words, share);
  }

  /** The same pages in another Worker, over its own view of the same memory. Throws MemoryError E_AREA for other words. */
  static attach(memory: GuestMemory, frames: PageFrames, words: Int32Array, share?: SharePage): HypercallPages {
    if (words.length <= LINE || Atomics.load(words, MARK) !== MARK_VALUE)
      throw new MemoryError('E_AREA', 'the words hold no hypercall pages');
    return new HypercallPages(memory, frames, words, share);
  }

  /** Pages that were taken for a CPU and could not be shared. */
  get leakedPages(): number {
    return Atomics.load(this.words, LEAKED);
  }

  /**
   * Brings a CPU online. The first time it gets its pages, shared, then zeroed; later it finds them again. Throws MemoryError
   * E_REENTRY while someone else uses the CPU, E_AREA where the memory is not in this process.
   */
  online(cpu: number): Onlined {
    const at = this.#acquire(cpu);
    try {
      if ((this.words[at + FLAGS]! & HAS_PAGE) === 0) {
        const outcome = this.#provide(cpu, at);
        if (outcome !== 'ready') return outcome;
      }
      Atomics.or(this.words, at + FLAGS, ONLINE);
      return 'ready';
    } finally {
      this.release(cpu);
    }
  }

  #provide(cpu: number, at: number): Onlined {
    const pages = this.separateOutput ? 2 : 1;
    const frames = this.#frames.take(pages, true);
    if (frames === undefined) return 'no-memory';
    const first = frames[0]!;
    let areas: CpuAreas;
    try {
      areas = new CpuAreas(this.#memory, first * HV_HYP_PAGE_SIZE, this.separateOutput);
    } catch (error) {
      this.#frames.give(frames);
      throw error;
    }
    const share = this.#share;
    if (share !== undefined) {
      // Counted first: a callback that throws has leaked the pages as well.
      Atomics.add(this.words, LEAKED, pages);
      for (const pfn of frames) if (!share(pfn)) return 'not-shared';
      Atomics.sub(this.words, LEAKED, pages);
    }
    // Behind `share`: making a page visible to the host changes what it reads as.
    this.#memory.clear(first * HV_HYP_PAGE_SIZE, pages * HV_HYP_PAGE_SIZE);
    this.words[at + PFN_LO] = (first % HIGH) | 0;
    this.words[at + PFN_HI] = Math.floor(first / HIGH);
    this.#areas[cpu] = areas;
    Atomics.or(this.words, at + FLAGS, HAS_PAGE);
    return 'ready';
  }

  /** Takes a CPU offline. It keeps its pages: an interrupt may be retargeted for a CPU that has just gone (PVI-42). */
  offline(cpu: number): void {
    Atomics.and(this.words, this.#line(cpu) + FLAGS, ~ONLINE);
  }

  isOnline(cpu: number): boolean {
    return (Atomics.load(this.words, this.#line(cpu) + FLAGS) & ONLINE) !== 0;
  }

  /** Number of the attachment that has the CPU's page, 0 when nobody has. */
  holder(cpu: number): number {
    return Atomics.load(this.words, this.#line(cpu) + HOLDER);
  }

  /**
   * Frees a CPU's page from an attachment whose Worker has ended (default: from whoever has it). To be called behind the
   * Worker's exit only: one that still runs would go on writing. False when that attachment does not have the page.
   */
  reclaim(cpu: number, owner = this.holder(cpu)): boolean {
    return owner !== 0 && Atomics.compareExchange(this.words, this.#line(cpu) + HOLDER, owner, 0) === owner;
  }

  withInputPage<R>(
    cpu: number,
    inputBytes: number,
    outputBytes: number,
    use: (area: HypercallArea) => R,
    zeroedBytes = inputBytes,
  ): R {
    const area = this.claim(cpu, inputBytes, outputBytes, zeroedBytes);
    let result: R;
    try {
      result = use(area);
    } finally {
      this.release(cpu);
    }
    if (result instanceof Promise)
      throw new MemoryError('E_REENTRY', 'a function that goes on later would use the page without having it');
    return result;
  }

  /**
   * Takes a CPU's areas until `release`; as withInputPage, for loops that must not allocate. Whoever throws in between keeps
   * the page. Throws MemoryError E_REENTRY, E_AREA.
   */
  claim(cpu: number, inputBytes: number, outputBytes: number, zeroedBytes = inputBytes): HypercallArea {
    requireAreas(inputBytes, outputBytes, this.separateOutput);
    if (!(zeroedBytes >= 0)) throw new MemoryError('E_AREA', `${zeroedBytes} is no number of bytes`);
    const at = this.#acquire(cpu);
    const areas = this.#areas[cpu] ?? this.#attachCpu(cpu, at);
    const dirty = this.words[at + DIRTY]!;
    // Bytes beyond the highest one ever lent are still zero, so a short call after short calls clears little. The output lies
    // in the input page too unless it has its own, and the hypervisor writes there.
    const end = outputBytes > 0 && !this.separateOutput ? outputOffset(inputBytes, false) + outputBytes : inputBytes;
    // Before the page is lent: a Worker that dies with it leaves the truth behind.
    if (end > dirty) this.words[at + DIRTY] = end;
    areas.zero(Math.min(dirty, inputBytes, zeroedBytes));
    return areas.of(inputBytes, outputBytes);
  }

  /** Gives a CPU's areas back. Throws MemoryError E_REENTRY when this attachment does not have them. */
  release(cpu: number): void {
    if (Atomics.compareExchange(this.words, this.#line(cpu) + HOLDER, this.owner, 0) !== this.owner)
      throw new MemoryError('E_REENTRY', `the page of CPU ${cpu} is given back by one that does not have it`);
  }

  #acquire(cpu: number): number {
    const at = this.#line(cpu);
    const holder = Atomics.compareExchange(this.words, at + HOLDER, 0, this.owner);
    if (holder !== 0)
      throw new MemoryError(
        'E_REENTRY',
        `CPU ${cpu} is in a hypercall already${holder === this.owner ? '' : `, by attachment ${holder}`}`,
      );
    return at;
  }

  /** First of the CPU's words. */
  #line(cpu: number): number {
    if (!(cpu >>> 0 === cpu && cpu < this.cpus)) throw new MemoryError('E_AREA', `there is no CPU ${cpu}`);
    return LINE * (1 + cpu);
  }

  #attachCpu(cpu: number, at: number): CpuAreas {
    try {
      if ((this.words[at + FLAGS]! & HAS_PAGE) === 0)
        throw new MemoryError('E_AREA', `CPU ${cpu} has no page, it was never online`);
      const pfn = (this.words[at + PFN_HI]! >>> 0) * HIGH + (this.words[at + PFN_LO]! >>> 0);
      const areas = new CpuAreas(this.#memory, pfn * HV_HYP_PAGE_SIZE, this.separateOutput);
      this.#areas[cpu] = areas;
      return areas;
    } catch (error) {
      this.release(cpu);
      throw error;
    }
  }
}
