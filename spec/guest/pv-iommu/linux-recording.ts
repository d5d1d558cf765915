import { readProjectText } from '../../support/project.js';

/** A call as the kernel made it. */
export interface RecordedCall {
  readonly n: number;
  readonly cpu: number;
  readonly control: string;
  readonly input: string;
  readonly output?: string;
  readonly outputOffset?: number;
  readonly result: string;
}

/** What VFIO was asked to do; its calls come before the line of an unmap. */
export interface RecordedRequest {
  readonly n: number;
  readonly vfio: 'map' | 'unmap';
  readonly iova: string;
  readonly size: string;
  readonly access?: 'rw' | 'ro';
}

export interface RecordedMarker {
  readonly n: number;
  readonly marker: string;
}

export type RecordedStep = RecordedCall | RecordedRequest | RecordedMarker;

interface RecordedTable {
  readonly gpa: string;
  readonly level: number;
  readonly iova: string;
  readonly entries: readonly (readonly [index: number, count: number, first: string, step: number])[];
}

export interface Recording {
  readonly origin: string;
  readonly steps: readonly RecordedStep[];
  readonly tables: readonly RecordedTable[];
}

export function linuxRecording(): Recording {
  return JSON.parse(readProjectText('fixtures', 'iommu', 'pviommu-linux-7.2.json')) as Recording;
}

/** The qwords of the recorded tables by GPA; what is not there is 0. */
export function tableWords({ tables }: Recording): Map<bigint, bigint> {
  const words = new Map<bigint, bigint>();
  for (const { gpa, entries } of tables)
    for (const [index, count, first, step] of entries)
      for (let n = 0; n < count; n++) words.set(BigInt(gpa) + 8n * BigInt(index + n), BigInt(first) + BigInt(n * step));
  return words;
}

export interface Leaf {
  readonly iova: bigint;
  readonly gpa: bigint;
  readonly pageBits: number;
  readonly bits: bigint;
}

/** Every page that tables of 4 levels lead to, ascending, with the low bits of its entry, and the low bits of table entries. */
export function leavesOf(read: (gpa: bigint) => bigint, root: bigint): { leaves: Leaf[]; tables: string[] } {
  const leaves: Leaf[] = [];
  const tables: string[] = [];
  const visit = (table: bigint, level: number, base: bigint): void => {
    const shift = BigInt(12 + 9 * (level - 1));
    for (let index = 0n; index < 512n; index++) {
      const entry = read(table + 8n * index);
      if (entry === 0n) continue;
      const iova = base + (index << shift);
      const address = entry & 0x000f_ffff_ffff_f000n;
      if (level === 1 || (entry & 0x80n) !== 0n)
        leaves.push({ iova, gpa: address, pageBits: Number(shift), bits: entry & 0xfffn });
      else {
        tables.push(`${level} ${iova.toString(16)} ${(entry & 0xfffn).toString(16)}`);
        visit(address, level - 1, iova);
      }
    }
  };
  visit(root, 4, 0n);
  return { leaves, tables };
}
