import { hv_output_get_iommu_capabilities } from '../../../src/abi/hv/device-domain-flush.js';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { splitControl } from '../../../src/hypercall/words.js';
import { encode } from '../../../src/layout/codec.js';
import type { CpuGate } from '../../../src/ports/cpu-gate.js';
import type { GuestMemory } from '../../../src/ports/guest-memory.js';
import { type Walked, walk } from './page-walk.js';

export interface FakeDomain {
  configured: boolean;
  flags: bigint;
  root: bigint;
  readonly cached: Map<bigint, Walked>;
}

/** One call as it was made: code, whole control word, input bytes as hexadecimal text. */
export interface MadeCall {
  readonly cpu: number;
  readonly code: number;
  readonly control: bigint;
  readonly input: string;
  readonly inputGpa: number;
  readonly outputGpa: number;
}

/** Bytes of an input without its list. */
export const SIZES: Readonly<Record<number, number>> = {
  293: 16,
  295: 24,
  177: 32,
  178: 32,
  196: 16,
  197: 24,
  206: 40,
  208: 32,
  209: 32,
};

/** As much of a hypervisor as a pvIOMMU driver meets; it keeps translations until they are flushed (PVI-51). */
export class FakeHypervisor {
  readonly calls: MadeCall[] = [];
  readonly domains = new Map<number, FakeDomain>();
  readonly attachedTo = new Map<bigint, number>();
  capabilities: Uint8Array = encode(hv_output_get_iommu_capabilities, capabilities());
  enabled = true;
  /** Reps that one call of a list does. */
  listStep = 4095;
  /** A status other than success for a call, by its place in `calls`. */
  refuse: (call: MadeCall) => number | undefined = () => undefined;
  /** Accesses that a remembered translation let through although the tables say otherwise. */
  staleHits = 0;
  private readonly memory: GuestMemory;

  constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  /** Codes of the calls so far. */
  get codes(): string[] {
    return this.calls.map(({ code }) => code.toString(16));
  }

  gate(cpu: number): CpuGate {
    let [lo, hi] = [0, 0];
    return {
      vp: cpu,
      get resultLo() {
        return lo;
      },
      get resultHi() {
        return hi;
      },
      hypercall: (controlLo, controlHi, inputGpa, outputGpa) => {
        [lo, hi] = this.serve(cpu, controlLo, controlHi, inputGpa, outputGpa);
      },
      hypercallFast: () => {
        throw new Error('no fast call was expected');
      },
      rdmsr: () => undefined,
      wrmsr: () => false,
      mmioRead: () => 0xffffffffffffffffn,
      mmioWrite: () => undefined,
    };
  }

  /** What a device reads or writes at an IOVA; undefined is a fault. */
  dma(deviceId: bigint, iova: bigint): Walked | undefined {
    const domain = this.domains.get(this.attachedTo.get(deviceId) ?? 0);
    if (domain === undefined || (domain.flags & 1n) === 0n) return { gpa: iova, write: true, pageBits: 12 };
    if ((domain.flags & 2n) !== 0n) return undefined;
    const page = iova >> 12n;
    const now = this.walk(domain, page << 12n);
    const kept = domain.cached.get(page);
    if (kept !== undefined) {
      if (now?.gpa !== kept.gpa || now.write !== kept.write) this.staleHits++;
      return { ...kept, gpa: kept.gpa | (iova & 0xfffn) };
    }
    if (now === undefined) return undefined;
    domain.cached.set(page, now);
    return { ...now, gpa: now.gpa | (iova & 0xfffn) };
  }

  walk({ flags, root }: FakeDomain, iova: bigint): Walked | undefined {
    return walk((gpa) => this.memory.readU64(Number(gpa)), root, (flags & 4n) === 0n ? 4 : 5, iova);
  }

  private serve(cpu: number, lo: number, hi: number, inputGpa: number, outputGpa: number): [number, number] {
    const { code, reps, repStart, fast, varQwords, reserved } = splitControl(lo, hi);
    const size = SIZES[code];
    if (size === undefined || fast || varQwords !== 0 || reserved !== 0n) return [2, 0];
    const bytes = new Uint8Array(size + (code === 0xd1 ? 8 * reps : 0));
    this.memory.read(inputGpa, bytes);
    const control = (BigInt(hi) << 32n) | BigInt(lo);
    const call = { cpu, code, control, input: bytesToHex(bytes), inputGpa, outputGpa };
    this.calls.push(call);
    const status = this.refuse(call);
    if (status !== undefined) return [status, repStart];
    const input = new DataView(bytes.buffer);
    if (input.getBigUint64(0, true) !== 0xffffffffffffffffn) return [0xd, 0];
    if (code === 0xd1) return this.flushList(input, reps, repStart);
    return [this.answer(code, input, outputGpa), 0];
  }

  private answer(code: number, input: DataView, outputGpa: number): number {
    if (code === 0x125) return this.put(outputGpa, this.capabilities);
    if (code === 0x127)
      return this.put(
        outputGpa,
        Uint8Array.from({ length: 16 }, (_, i) => +(i === 0 && this.enabled)),
      );
    if (code === 0xc4) return this.attachedTo.delete(input.getBigUint64(8, true)) ? 0 : 5;
    const id = input.getUint32(20, true);
    const domain = this.domains.get(id);
    if (input.getUint32(8, true) !== 0 || input.getUint32(12, true) !== 0 || input.getUint32(16, true) !== 1) return 5;
    switch (code) {
      case 0xb1:
        if (domain !== undefined || id === 0 || id === 0xffffffff) return 5;
        this.domains.set(id, { configured: false, flags: 0n, root: 0n, cached: new Map() });
        return 0;
      case 0xce:
        if (domain === undefined) return 5;
        Object.assign(domain, {
          configured: true,
          flags: input.getBigUint64(24, true),
          root: input.getBigUint64(32, true),
        });
        return 0;
      case 0xb2:
        if (domain === undefined || !domain.configured) return 5;
        if (this.attachedTo.get(input.getBigUint64(24, true)) === id) return 0x66;
        this.attachedTo.set(input.getBigUint64(24, true), id);
        return 0;
      case 0xc5:
        if ([...this.attachedTo.values()].includes(id)) return 8;
        return this.domains.delete(id) ? 0 : 5;
      default:
        if (domain === undefined || input.getBigUint64(24, true) !== 0n) return 5;
        domain.cached.clear();
        return 0;
    }
  }

  private flushList(input: DataView, reps: number, start: number): [number, number] {
    const cached = this.domains.get(input.getUint32(20, true))?.cached;
    if (cached === undefined || input.getBigUint64(24, true) !== 1n) return [5, start];
    const end = Math.min(reps, start + this.listStep);
    for (let rep = start; rep < end; rep++) {
      const entry = input.getBigUint64(32 + 8 * rep, true);
      const [first, shift] = [entry >> 12n, entry & 0x3fn];
      if ((entry & 0xfc0n) !== 0n || (first >> shift) << shift !== first) return [5, rep];
      for (const page of [...cached.keys()]) if (page >> shift === first >> shift) cached.delete(page);
    }
    return [0, end];
  }

  private put(outputGpa: number, bytes: Uint8Array): number {
    this.memory.write(outputGpa, bytes);
    return 0;
  }
}

/** What the host of the recorded guest says. */
export function capabilities(
  change: Partial<{ max_iova_width: number; iommu_cap: bigint; pgsize_bitmap: bigint }> = {},
) {
  return {
    size: 24,
    max_iova_width: 48,
    max_pasid_width: 0,
    iommu_cap: 5n,
    pgsize_bitmap: 0x40201000n,
    ...change,
  };
}
