import { parentPort, workerData } from 'node:worker_threads';
import { Mailbox } from '../../../src/rig/vp/mailbox.js';
import { VpGate } from '../../../src/rig/vp/vp-gate.js';
import { BlockingQueue } from '../../../src/sched/blocking-queue.js';

export interface ExitsTask {
  readonly buffer: SharedArrayBuffer;
  readonly index: number;
  readonly vp: number;
  readonly interrupts: number;
}

/** What the Worker saw of its exits. */
export interface ExitsReport {
  readonly answers: readonly string[];
  readonly registers: readonly string[];
  readonly interrupts: readonly number[];
}

const { buffer, index, vp, interrupts } = workerData as ExitsTask;
const box = new Mailbox(buffer, index);
const gate = new VpGate(vp, box);
const answers: string[] = [];
gate.hypercall(0xfedc_005c, 0x8000_0001, 0x12_3456_7000, 0x12_3456_8000);
answers.push(`${gate.resultHi.toString(16)} ${gate.resultLo.toString(16)}`);
const registers = BigUint64Array.from({ length: 14 }, (_, i) => BigInt(i) << 40n);
gate.hypercallFast(0x1005d, 1, registers);
answers.push(`${gate.resultHi.toString(16)} ${gate.resultLo.toString(16)}`);
answers.push(String(gate.rdmsr(0x4000_0002)), String(gate.rdmsr(0x1234)));
answers.push(String(gate.wrmsr(0x4000_0000, 0x8100_0000_0000_0001n)), String(gate.wrmsr(0x1234, 1n)));
for (const size of [1, 2, 4, 8] as const) answers.push(gate.mmioRead(0xf_e000_0000 + size, size).toString(16));
gate.mmioWrite(0xf_e000_0010, 8, 0xfedc_ba98_7654_3210n);

const taken: number[] = [];
const queue = new BlockingQueue(box.bell, () => {
  const vector = box.takeInterrupt();
  if (vector === undefined) return false;
  taken.push(vector);
  return true;
});
if (!queue.run(() => taken.length >= interrupts, 20_000)) throw new Error(`${taken.length} interrupts came`);
const report: ExitsReport = { answers, registers: [...registers].map(String), interrupts: taken };
parentPort!.postMessage(report);
