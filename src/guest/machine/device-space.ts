import type { DeviceSpace } from './guest-machine.js';

/** A range of device space, in bytes. */
export interface SpaceRange {
  readonly gpa: number;
  readonly length: number;
}

const FOUR_GIB = 0x1_0000_0000;

/** Windows of device space, first fit from the lowest address up. */
export class AddressSpace implements DeviceSpace {
  private readonly ranges: readonly SpaceRange[];
  private readonly windows = new Map<number, number>();

  /** Throws RangeError for a range that is empty or across the 4 GiB line. */
  constructor(ranges: readonly SpaceRange[]) {
    for (const { gpa, length } of ranges)
      if (!(length > 0) || (gpa < FOUR_GIB && gpa + length > FOUR_GIB))
        throw new RangeError(`${length} bytes of device space at ${gpa}`);
    this.ranges = ranges.toSorted((a, b) => a.gpa - b.gpa);
  }

  get taken(): number {
    return this.windows.size;
  }

  take(length: number, align: number, where: 'low' | 'high' | 'any'): number | undefined {
    if (!(length > 0)) return undefined;
    for (const range of this.ranges) {
      if (where !== 'any' && (where === 'low') !== range.gpa < FOUR_GIB) continue;
      const gpa = this.place(range, length, align);
      if (gpa === undefined) continue;
      this.windows.set(gpa, length);
      return gpa;
    }
    return undefined;
  }

  give(gpa: number): void {
    if (!this.windows.delete(gpa)) throw new RangeError(`no window at ${gpa} is taken`);
  }

  private place(range: SpaceRange, length: number, align: number): number | undefined {
    const up = (gpa: number): number => Math.ceil(gpa / align) * align;
    let at = up(range.gpa);
    const inside = [...this.windows].filter(([gpa]) => gpa >= range.gpa && gpa < range.gpa + range.length);
    for (const [gpa, taken] of inside.sort(([a], [b]) => a - b)) {
      if (at + length <= gpa) break;
      at = Math.max(at, up(gpa + taken));
    }
    return at + length <= range.gpa + range.length ? at : undefined;
  }
}
