import type { CpuGate } from '../../ports/cpu-gate.js';
import { ANSWERED, ASKED, Ask, type Mailbox } from './mailbox.js';

const SIZES: ReadonlySet<number> = new Set([1, 2, 4, 8]);
const LARGEST = 18;

/** Answers the request in a mailbox through `gate`, which is the hypervisor's; false when there is none. */
export function serveMailbox(box: Mailbox, gate: CpuGate): boolean {
  if (Atomics.load(box.state, 0) !== ASKED) return false;
  const { words, qwords } = box;
  switch (words[0]) {
    case Ask.Hypercall:
      gate.hypercall(words[2]! >>> 0, words[3]! >>> 0, Number(qwords[1]), Number(qwords[2]));
      takeResult(box, gate);
      break;
    case Ask.FastHypercall: {
      // A copy: what the guest's thread changes meanwhile is no input.
      const registers = qwords.slice(1, 1 + Math.min(words[1]! >>> 0, LARGEST));
      gate.hypercallFast(words[2]! >>> 0, words[3]! >>> 0, registers);
      qwords.set(registers, 1);
      takeResult(box, gate);
      break;
    }
    case Ask.ReadMsr: {
      const value = gate.rdmsr(words[1]! >>> 0);
      words[4] = value === undefined ? 0 : 1;
      qwords[0] = value ?? 0n;
      break;
    }
    case Ask.WriteMsr:
      words[4] = gate.wrmsr(words[1]! >>> 0, qwords[0]!) ? 1 : 0;
      break;
    case Ask.MmioRead:
      qwords[0] = gate.mmioRead(Number(qwords[1]), sizeOf(words[1]!));
      break;
    case Ask.MmioWrite:
      gate.mmioWrite(Number(qwords[1]), sizeOf(words[1]!), qwords[0]!);
      break;
  }
  Atomics.store(box.state, 0, ANSWERED);
  Atomics.notify(box.state, 0);
  return true;
}

function takeResult({ words }: Mailbox, gate: CpuGate): void {
  words[2] = gate.resultLo | 0;
  words[3] = gate.resultHi | 0;
}

function sizeOf(size: number): 1 | 2 | 4 | 8 {
  return SIZES.has(size) ? (size as 1 | 2 | 4 | 8) : 4;
}
