import type { Registers } from '../../../src/hypercall/conventions.js';
import type { MonitorTarget } from '../../../src/rig/serve/monitor-target.js';

export interface FakeTarget extends MonitorTarget {
  readonly seen: string[];
}

/** A machine that remembers what it is asked: MSR 0x40000002 reads as the processor, 0x40000020 is not there. */
export function fakeTarget(arch: 'x64' | 'arm64' = 'x64', after: Registers = {}): FakeTarget {
  const seen: string[] = [];
  const hex = (value: number | bigint): string => value.toString(16);
  return {
    arch,
    seen,
    leaves: [
      { leaf: 0x40000000, eax: 0x40000006, ebx: 1, ecx: 2, edx: 3 },
      { leaf: 0x40000001, eax: 0x31237648, ebx: 0, ecx: 0, edx: 0 },
    ],
    msrRanges: [{ first: 0x40000000, last: 0x400001ff }],
    windows: [{ base: 0xf8000000n, size: 0x4000000n }],
    rdmsr(vcpu, msr) {
      seen.push(`rdmsr ${vcpu} ${hex(msr)}`);
      return msr === 0x40000020 ? undefined : BigInt(vcpu);
    },
    wrmsr(vcpu, msr, value) {
      seen.push(`wrmsr ${vcpu} ${hex(msr)} ${hex(value)}`);
      return msr !== 0x40000020;
    },
    hypercall(vcpu, convention, registers, at) {
      const control = convention.control.map((name) => hex(registers[name] ?? 0n)).join();
      seen.push(`hypercall ${vcpu} ${convention.name} ${control} at ${hex(at)}`);
      return { ...registers, ...after };
    },
    mmioRead(vcpu, gpa, size) {
      seen.push(`read ${vcpu} ${hex(gpa)} ${size}`);
      return 0x1234n;
    },
    mmioWrite(vcpu, gpa, size, value) {
      seen.push(`write ${vcpu} ${hex(gpa)} ${size} ${hex(value)}`);
    },
  };
}
