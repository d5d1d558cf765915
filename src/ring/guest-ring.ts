import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import type { GuestMemory } from '../ports/guest-memory.js';
import { CONTROL_BYTES } from './control-page.js';
import { RingError } from './ring-error.js';
import { type RingBacking, RingMemory } from './ring-memory.js';

/**
 * A ring in guest memory: `pfns` as a GPADL lists them, the control page first. Without a copy where they are contiguous and
 * the memory is in this process, else through a private mirror. Throws RingError E_RING_AREA.
 */
export function ringInGuest(memory: GuestMemory, pfns: ArrayLike<number>): RingMemory {
  const dataBytes = (pfns.length - 1) * HV_HYP_PAGE_SIZE;
  const gpa = (pfns[0] ?? 0) * HV_HYP_PAGE_SIZE;
  for (let i = 0; i < pfns.length; i++) {
    const page = pfns[i]! * HV_HYP_PAGE_SIZE;
    if (!memory.has(page, HV_HYP_PAGE_SIZE))
      throw new RingError('E_RING_AREA', `page ${i} of the ring, at 0x${page.toString(16)}, is no memory`);
  }
  const window = isContiguous(pfns) ? memory.window(gpa, CONTROL_BYTES + dataBytes) : undefined;
  if (window !== undefined && window.byteOffset % 8 === 0)
    return RingMemory.over(window.buffer, window.byteOffset, window.byteOffset + CONTROL_BYTES, dataBytes);
  return RingMemory.mirroring(new GuestRing(memory, Float64Array.from(pfns)), dataBytes);
}

function isContiguous(pfns: ArrayLike<number>): boolean {
  for (let i = 1; i < pfns.length; i++) if (pfns[i] !== pfns[0]! + i) return false;
  return true;
}

class GuestRing implements RingBacking {
  private readonly memory: GuestMemory;
  private readonly pfns: Float64Array;

  constructor(memory: GuestMemory, pfns: Float64Array) {
    this.memory = memory;
    this.pfns = pfns;
  }

  loadControl(word: number): number {
    return this.memory.loadU32(this.pfns[0]! * HV_HYP_PAGE_SIZE + word * 4);
  }

  storeControl(word: number, value: number): void {
    this.memory.storeU32(this.pfns[0]! * HV_HYP_PAGE_SIZE + word * 4, value);
  }

  read(offset: number, into: Uint8Array): void {
    this.eachPage(offset, into, (gpa, part) => this.memory.read(gpa, part));
  }

  write(offset: number, from: Uint8Array): void {
    this.eachPage(offset, from, (gpa, part) => this.memory.write(gpa, part));
  }

  private eachPage(offset: number, bytes: Uint8Array, use: (gpa: number, part: Uint8Array) => void): void {
    for (let done = 0; done < bytes.length; ) {
      const within = (offset + done) % HV_HYP_PAGE_SIZE;
      const page = this.pfns[1 + (offset + done - within) / HV_HYP_PAGE_SIZE]!;
      const part = bytes.subarray(done, done + HV_HYP_PAGE_SIZE - within);
      use(page * HV_HYP_PAGE_SIZE + within, part);
      done += part.length;
    }
  }
}
