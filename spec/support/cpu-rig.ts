import * as assert from 'uvu/assert';
import { HypercallPages } from '../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import type { CpuReport, CpuTask } from '../memory/cpu-worker.js';
import { runWorkers } from './worker-run.js';

const CPU_WORKER = new URL('../memory/cpu-worker.js', import.meta.url);
const PAGE = 4096;
const CANARY = 0xc5;

/** Memory with pages for some CPUs, online, and canaries in all that is not theirs. */
export class CpuRig {
  readonly memory: SharedGuestMemory;
  readonly frames: PageFrameAllocator;
  readonly pages: HypercallPages;
  /** Page frames of the CPUs' pages. */
  readonly used = new Set<number>();

  constructor(cpus: number, separateOutput: boolean, kernel = true) {
    const count = cpus * 4 + 8;
    this.memory = SharedGuestMemory.create(count * PAGE, { kernel });
    this.frames = PageFrameAllocator.create(0, count);
    this.pages = HypercallPages.create(this.memory, this.frames, { cpus, separateOutput });
    // A frame in front of each CPU's stays here and holds canaries, as does all that nobody took.
    for (let cpu = 0; cpu < cpus; cpu++) {
      this.frames.take(1);
      assert.is(this.pages.online(cpu), 'ready');
    }
    for (let cpu = 0; cpu < cpus; cpu++) {
      this.pages.withInputPage(cpu, 8, 8, ({ inputGpa, outputGpa }) => {
        this.used.add(inputGpa / PAGE);
        this.used.add(Math.floor(outputGpa / PAGE));
      });
    }
    const canary = new Uint8Array(PAGE).fill(CANARY);
    for (let pfn = 0; pfn < count; pfn++) if (!this.used.has(pfn)) this.memory.write(pfn * PAGE, canary);
  }

  /** Everything outside of the CPUs' pages is as it was. */
  requireCanaries(): void {
    const page = new Uint8Array(PAGE);
    for (let pfn = 0; pfn < this.memory.size / PAGE; pfn++) {
      if (this.used.has(pfn)) continue;
      this.memory.read(pfn * PAGE, page);
      const hit = page.findIndex((byte) => byte !== CANARY);
      assert.is(hit, -1, `frame ${pfn}, byte ${hit} was written`);
    }
  }

  /** Runs a Worker for each list of CPUs; every page and every byte is checked on the way. */
  async run(lists: readonly (readonly number[])[], claims: number): Promise<CpuReport[]> {
    const inside = new Int32Array(new SharedArrayBuffer(4 * this.pages.cpus));
    const reports = await runWorkers<CpuReport>(
      CPU_WORKER,
      lists.map((cpus, seed): CpuTask => {
        const shared = { memory: this.memory.handle, frames: this.frames.words, pages: this.pages.words };
        return { ...shared, cpus, claims, seed, inside };
      }),
    );
    this.requireCanaries();
    this.requireOwnPages(reports);
    for (let cpu = 0; cpu < this.pages.cpus; cpu++) assert.is(this.pages.holder(cpu), 0);
    return reports;
  }

  /** Each CPU had one input page all the time, and no two the same. */
  requireOwnPages(reports: readonly CpuReport[]): void {
    const pageOf = new Map<number, number>();
    for (const [cpu, gpa] of reports.flatMap((report) => report.gpas)) {
      assert.is(gpa % PAGE, 0, 'the input starts a page');
      assert.is(pageOf.get(cpu) ?? gpa, gpa, `CPU ${cpu} has one page`);
      pageOf.set(cpu, gpa);
    }
    assert.is(new Set(pageOf.values()).size, pageOf.size, 'no two CPUs share a page');
  }
}
