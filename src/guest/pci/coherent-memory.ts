import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import type { DmaOperations } from './dma-operations.js';

/** Frames of `bytes` in one piece, zeroed; undefined where there are none. */
export function takeZeroed(machine: GuestMachine, bytes: number): readonly number[] | undefined {
  const frames = machine.frames.take(Math.ceil(bytes / HV_HYP_PAGE_SIZE), true);
  if (frames !== undefined) machine.memory.clear(frames[0]! * HV_HYP_PAGE_SIZE, frames.length * HV_HYP_PAGE_SIZE);
  return frames;
}

/** Memory that a driver and its device use at the same time, for long: queues, lists of pages (dma_alloc_coherent). */
export class CoherentMemory {
  readonly gpa: number;
  /** Where the device has it. */
  readonly address: bigint;
  private readonly machine: GuestMachine;
  private readonly dma: DmaOperations;
  private readonly frames: readonly number[];
  private readonly addresses: readonly bigint[];

  /** Takes frames over, which are in one piece; undefined, with the frames given back, where they cannot be mapped. */
  static of(machine: GuestMachine, dma: DmaOperations, frames: readonly number[]): CoherentMemory | undefined {
    const mapped = dma.mapPages(frames, true);
    if (mapped.ok) return new CoherentMemory(machine, dma, frames, mapped.value);
    machine.frames.give(frames);
    return undefined;
  }

  private constructor(
    machine: GuestMachine,
    dma: DmaOperations,
    frames: readonly number[],
    addresses: readonly bigint[],
  ) {
    this.machine = machine;
    this.dma = dma;
    this.frames = frames;
    this.addresses = addresses;
    this.gpa = frames[0]! * HV_HYP_PAGE_SIZE;
    this.address = addresses[0]!;
  }

  /** Gives it back; the device must not use it any more. */
  free(): void {
    this.dma.unmapPages(this.addresses);
    this.machine.frames.give(this.frames);
  }
}
