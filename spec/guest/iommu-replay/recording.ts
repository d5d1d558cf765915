import { readProjectText } from '../../support/project.js';
import { hexOfRuns, type WordRun } from '../../support/word-runs.js';

/** An event of a recording, as far as a comparison looks at it. */
export interface RecordedEvent {
  readonly n: number;
  readonly k: string;
  readonly vp?: number;
  readonly control?: string;
  readonly rdx?: string;
  readonly r8?: string;
  readonly in?: string;
  /** Where lists are told as runs: first value and how many follow it. They stand behind `in`. */
  readonly list?: readonly WordRun[];
  readonly out?: string;
  readonly result?: string;
  readonly text?: string;
}

/** A call of the driver: code, control word, input with its list, answer. */
export interface RecordedCall {
  readonly n: number;
  readonly vp: number;
  readonly code: number;
  readonly control: bigint;
  readonly reps: number;
  readonly input: string;
  readonly output: string;
  readonly result: bigint;
  /** Bytes from the input to the output; 0 without one. */
  readonly outputOffset: number;
}

const DEPOSIT = 0x48;
const MEMORY_STATUSES: ReadonlySet<bigint> = new Set([0x0bn, 0x73n, 0x75n, 0x83n]);

/** True for an answer that asks for memory. */
export function asksForMemory({ result }: RecordedCall): boolean {
  return MEMORY_STATUSES.has(result & 0xffffn);
}

/** A little-endian u64 of hexadecimal text. */
export function wordAt(hex: string, byte: number): bigint {
  const bytes = hex.slice(2 * byte, 2 * byte + 16).match(/../g) ?? [];
  return BigInt(`0x${bytes.reverse().join('') || '0'}`);
}

/** Events of files of fixtures/iommu, in order. */
export function readRecording(...names: readonly string[]): RecordedEvent[] {
  const text = names.map((name) => readProjectText('fixtures', 'iommu', name)).join('\n');
  return eventsOf(text).sort((a, b) => a.n - b.n);
}

/** Events of a text with a JSON object on each line; those without a number say where the text is from. */
export function eventsOf(text: string): RecordedEvent[] {
  const lines = text.split('\n').filter((line) => line !== '');
  const objects = lines.map((line) => JSON.parse(line) as RecordedEvent | { readonly origin: string });
  return objects.filter((event): event is RecordedEvent => 'n' in event);
}

/** The calls of a family, and the deposits that they asked for. */
export function callsOf(events: readonly RecordedEvent[], family: ReadonlySet<number>): RecordedCall[] {
  const calls: RecordedCall[] = [];
  for (const event of events) {
    const control = BigInt(event.control ?? '0x0');
    const code = Number(control & 0xffffn);
    const last = calls.at(-1);
    const asked = last !== undefined && asksForMemory(last);
    if (event.k !== 'hypercall' || !family.has(code) || (code === DEPOSIT && !asked)) continue;
    const output = event.out ?? '';
    calls.push({
      n: event.n,
      vp: event.vp ?? 0,
      code,
      control,
      reps: Number((control >> 32n) & 0xfffn),
      input: (event.in ?? '') + hexOfRuns(event.list ?? []),
      output,
      result: BigInt(event.result ?? '0x0'),
      outputOffset: output === '' ? 0 : Number(BigInt(event.r8 ?? '0x0') - BigInt(event.rdx ?? '0x0')),
    });
  }
  return calls;
}
