// A Worker that is one or several CPUs: it claims hypercall pages, writes every byte it may, and looks for anyone else's.
import { parentPort, workerData } from 'node:worker_threads';
import { HypercallPages } from '../../src/memory/hypercall-pages.js';
import { MemoryError } from '../../src/memory/memory-error.js';
import { PageFrameAllocator } from '../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory, type SharedMemoryHandle } from '../../src/memory/shared-memory.js';
import type { HypercallArea } from '../../src/ports/input-pages.js';
import { randomWords } from '../support/random.js';

export interface CpuTask {
  readonly memory: SharedMemoryHandle;
  readonly frames: Int32Array;
  readonly pages: Int32Array;
  /** CPUs to claim, one at random each time. */
  readonly cpus: readonly number[];
  readonly claims: number;
  readonly seed: number;
  /** One word for each CPU: how many are inside. */
  readonly inside: Int32Array;
}

export interface CpuReport {
  readonly claimed: number;
  readonly refused: number;
  /** Input GPAs seen on each CPU. */
  readonly gpas: readonly (readonly [cpu: number, gpa: number])[];
}

const task = workerData as CpuTask;
const memory = SharedGuestMemory.attach(task.memory);
const pages = HypercallPages.attach(memory, PageFrameAllocator.attach(task.frames), task.pages);
const next = randomWords(task.seed + 1);
const gpas = new Map<string, [number, number]>();
let claimed = 0;
let refused = 0;
let tag = task.seed;

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Index of a byte that is not `value`, -1 when all are. */
function other(bytes: Uint8Array, value: number): number {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== value) return i;
  return -1;
}

function requireAll(bytes: Uint8Array, value: number, what: string): void {
  const at = other(bytes, value);
  if (at >= 0) throw new Error(`${what}: byte ${at} of ${bytes.length} is ${bytes[at]}, not ${value}`);
}

function use(cpu: number, header: number, area: HypercallArea): void {
  if (Atomics.add(task.inside, cpu, 1) !== 0) throw new Error(`two have the page of CPU ${cpu}`);
  const input = bytesOf(area.input);
  const output = bytesOf(area.output);
  requireAll(input.subarray(0, header), 0, 'zeroed part');
  // 1 to 255, another one each time: whatever is stale or someone else's is not it.
  tag = (tag % 255) + 1;
  input.fill(tag);
  requireAll(input, tag, 'input');
  output.fill(tag ^ 0xff);
  requireAll(input, tag, 'input beside the output');
  requireAll(output, tag ^ 0xff, 'output');
  if (input.length > 0) gpas.set(`${cpu} ${area.inputGpa}`, [cpu, area.inputGpa]);
  Atomics.sub(task.inside, cpu, 1);
}

/** Mostly headers, as most calls are; now and then a full page. */
function length(): number {
  const word = next();
  return word % 8 === 0 ? (word >>> 3) % 4097 : (word >>> 3) % 129;
}

while (claimed < task.claims) {
  const cpu = task.cpus[next() % task.cpus.length]!;
  const inputBytes = length();
  const room = pages.separateOutput ? 4096 : 4096 - Math.ceil(inputBytes / 8) * 8;
  const outputBytes = Math.min(room, length());
  const header = next() % 2 === 0 ? inputBytes : Math.min(inputBytes, 40);
  try {
    pages.withInputPage(cpu, inputBytes, outputBytes, (area) => use(cpu, header, area), header);
    claimed++;
  } catch (error) {
    if (!(error instanceof MemoryError && error.code === 'E_REENTRY')) throw error;
    refused++;
  }
}
parentPort!.postMessage({ claimed, refused, gpas: [...gpas.values()] } satisfies CpuReport);
