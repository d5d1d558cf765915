import { HypercallPages } from '../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../src/memory/page-frame-allocator.js';
import { SharedGuestMemory, type SharedMemoryHandle } from '../src/memory/shared-memory.js';

const FRAMES = 64;

/** Guest memory with a hypercall page for each CPU, as other Workers take part in it. */
export interface GuestHandle {
  readonly memory: SharedMemoryHandle;
  readonly frames: Int32Array;
  readonly pages: Int32Array;
}

export interface Guest {
  readonly memory: SharedGuestMemory;
  readonly pages: HypercallPages;
  readonly handle: GuestHandle;
}

/** A small guest, its CPUs online. */
export function makeGuest(cpus: number): Guest {
  const memory = SharedGuestMemory.create(FRAMES * 4096);
  const frames = PageFrameAllocator.create(1, FRAMES - 1);
  const pages = HypercallPages.create(memory, frames, { cpus });
  for (let cpu = 0; cpu < cpus; cpu++)
    if (pages.online(cpu) !== 'ready') throw new Error(`CPU ${cpu} has no hypercall page`);
  return { memory, pages, handle: { memory: memory.handle, frames: frames.words, pages: pages.words } };
}

/** The same guest in another Worker. */
export function joinGuest(handle: GuestHandle): Guest {
  const memory = SharedGuestMemory.attach(handle.memory);
  const pages = HypercallPages.attach(memory, PageFrameAllocator.attach(handle.frames), handle.pages);
  return { memory, pages, handle };
}
