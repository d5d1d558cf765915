// Guest memory, page frames and per-CPU hypercall pages.

export { DirectDma } from './memory/direct-dma.js';
export {
  HypercallPages,
  type HypercallPagesOptions,
  type Onlined,
  type SharePage,
} from './memory/hypercall-pages.js';
export { MemoryError } from './memory/memory-error.js';
export { PageFrameAllocator } from './memory/page-frame-allocator.js';
export type { Region } from './memory/regions.js';
export { SharedGuestMemory, type SharedMemoryHandle } from './memory/shared-memory.js';
export type { WasmMemory } from './memory/wasm-host.js';
export type { DmaPort } from './ports/dma-port.js';
export type { GuestMemory } from './ports/guest-memory.js';
export type { HypercallArea, InputPages } from './ports/input-pages.js';
export type { PageFrames } from './ports/page-frames.js';
