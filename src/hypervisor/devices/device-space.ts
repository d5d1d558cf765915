import { hexNumber } from '../../bytes/hex.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import type { MmioDevice, MmioWindow } from '../../ports/host-port.js';
import type { TraceSink } from '../../ports/trace-sink.js';

export type AccessSize = 1 | 2 | 4 | 8;

interface Window extends MmioWindow {
  readonly device: MmioDevice;
}

/** Device space: windows of guest physical addresses that are no memory. */
export class DeviceSpace {
  private readonly memory: GuestMemory;
  private readonly trace: TraceSink | undefined;
  private readonly windows: Window[] = [];
  /** Where the last access went: the next one mostly goes there too. */
  private last: Window | undefined;

  /** `trace` takes `mmio_rd` and `mmio_wr` events. */
  constructor(memory: GuestMemory, trace: TraceSink | undefined) {
    this.memory = memory;
    this.trace = trace;
  }

  /** Undefined when part of the window is taken, is memory, or is no range of addresses. */
  map(gpa: number, length: number, device: MmioDevice): MmioWindow | undefined {
    const end = gpa + length;
    if (!(Number.isSafeInteger(gpa) && Number.isSafeInteger(end) && gpa >= 0 && length > 0)) return undefined;
    if (this.windows.some((one) => gpa < one.gpa + one.length && one.gpa < end)) return undefined;
    if (this.touchesMemory(gpa, end)) return undefined;
    const window: Window = { gpa, length, device, unmap: () => this.unmap(window) };
    this.windows.push(window);
    return window;
  }

  /** The device's answer in `size` bytes; all ones where nothing answers. */
  read(vp: number, gpa: number, size: AccessSize): bigint {
    const window = this.find(gpa, size);
    const bits = size * 8;
    if (window === undefined) return BigInt.asUintN(bits, -1n);
    const offset = gpa - window.gpa;
    const value = BigInt.asUintN(bits, window.device.read(offset, size, vp));
    this.record('mmio_rd', window, vp, gpa, size, value);
    return value;
  }

  /** Lost where nothing answers. */
  write(vp: number, gpa: number, size: AccessSize, value: bigint): void {
    const window = this.find(gpa, size);
    if (window === undefined) return;
    const cut = BigInt.asUintN(size * 8, value);
    this.record('mmio_wr', window, vp, gpa, size, cut);
    window.device.write(gpa - window.gpa, size, cut, vp);
  }

  /** True when all of an access lies in one window. */
  answers(gpa: number, size: number): boolean {
    return this.find(gpa, size) !== undefined;
  }

  private find(gpa: number, size: number): Window | undefined {
    const { last } = this;
    if (last !== undefined && gpa >= last.gpa && gpa + size <= last.gpa + last.length) return last;
    const found = this.windows.find((one) => gpa >= one.gpa && gpa + size <= one.gpa + one.length);
    if (found !== undefined) this.last = found;
    return found;
  }

  private record(k: string, window: Window, vp: number, gpa: number, size: number, value: bigint): void {
    if (this.trace === undefined) return;
    const region = window.device.label?.(gpa - window.gpa);
    this.trace.event({
      k,
      ...(region === undefined ? {} : { region }),
      vp,
      gpa: hexNumber(gpa),
      size,
      value: hexNumber(value),
    });
  }

  private unmap(window: Window): void {
    const at = this.windows.indexOf(window);
    if (at >= 0) this.windows.splice(at, 1);
    if (this.last === window) this.last = undefined;
  }

  private touchesMemory(gpa: number, end: number): boolean {
    const { memory } = this;
    if (gpa >= memory.size) return false;
    const step = 0x1000;
    for (let at = gpa - (gpa % step); at < Math.min(end, memory.size); at += step) if (memory.has(at, 1)) return true;
    return false;
  }
}
