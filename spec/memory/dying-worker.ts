// A Worker that claims the page of CPU 0, writes it full, says who it is and never gives the page back.
import { parentPort, workerData } from 'node:worker_threads';
import { HypercallPages } from '../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory, type SharedMemoryHandle } from '../../src/memory/shared-memory.js';

export interface DyingTask {
  readonly memory: SharedMemoryHandle;
  readonly frames: Int32Array;
  readonly pages: Int32Array;
  /** Ends by itself, or waits inside the critical section to be terminated. */
  readonly end: 'exit' | 'wait';
}

const task = workerData as DyingTask;
const pages = HypercallPages.attach(
  SharedGuestMemory.attach(task.memory),
  PageFrameAllocator.attach(task.frames),
  task.pages,
);
pages.withInputPage(0, 2000, 96, ({ input, output }) => {
  for (let at = 0; at < input.byteLength; at++) input.setUint8(at, 0xdd);
  for (let at = 0; at < output.byteLength; at++) output.setUint8(at, 0xdd);
  parentPort!.postMessage(pages.owner);
  if (task.end === 'exit') process.exit(3);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
