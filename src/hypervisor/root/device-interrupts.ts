/** One interrupt of a physical device, as it was mapped. */
export interface MappedInterrupt {
  readonly deviceId: bigint;
  readonly vector: number;
  /** VPs that were named, ascending. */
  readonly vps: readonly number[];
  readonly isLevel: boolean;
  /** The entry that the caller was given, as hex of its bytes: what it names the interrupt by. */
  readonly entry: string;
}

/** More than the interrupt entries of any machine; a guest that maps on and on is stopped here. */
const MOST = 1 << 16;

/** Interrupts of physical devices that a root partition has mapped. Two of one device may have equal entries. */
export class DeviceInterrupts {
  private readonly mapped = new Map<string, MappedInterrupt[]>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** False when there are too many. */
  map(interrupt: MappedInterrupt): boolean {
    if (this.count >= MOST) return false;
    const key = keyOf(interrupt.deviceId, interrupt.entry);
    const same = this.mapped.get(key);
    if (same === undefined) this.mapped.set(key, [interrupt]);
    else same.push(interrupt);
    this.count++;
    return true;
  }

  /** False when the device has no interrupt with that entry. */
  unmap(deviceId: bigint, entry: string): boolean {
    const key = keyOf(deviceId, entry);
    const same = this.mapped.get(key);
    if (same === undefined) return false;
    same.pop();
    if (same.length === 0) this.mapped.delete(key);
    this.count--;
    return true;
  }

  /** All that are mapped, or those of one device. */
  list(deviceId?: bigint): MappedInterrupt[] {
    const all = [...this.mapped.values()].flat();
    return deviceId === undefined ? all : all.filter((one) => one.deviceId === deviceId);
  }
}

function keyOf(deviceId: bigint, entry: string): string {
  return `${deviceId.toString(16)} ${entry}`;
}
