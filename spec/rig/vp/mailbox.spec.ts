import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CpuGate } from '../../../src/ports/cpu-gate.js';
import { Mailbox } from '../../../src/rig/vp/mailbox.js';
import { serveMailbox } from '../../../src/rig/vp/vp-service.js';
import { BlockingQueue } from '../../../src/sched/blocking-queue.js';
import { WorkerRun } from '../../support/worker-run.js';
import type { ExitsReport, ExitsTask } from './exits-worker.js';

const mailboxes = suite('rig: VPs in Workers');
const WORKER = new URL('./exits-worker.js', import.meta.url);
const VECTORS = [0xf3, 0x22, 1019, 32];

/** A hypervisor that answers by rules a reader can check and writes down what it was asked. */
class Rules implements CpuGate {
  resultLo = 0;
  resultHi = 0;
  readonly asked: string[] = [];
  constructor(readonly vp: number) {}
  hypercall(controlLo: number, controlHi: number, inputGpa: number, outputGpa: number): void {
    this.asked.push(`slow ${[controlHi, controlLo, inputGpa, outputGpa].map((n) => n.toString(16)).join(' ')}`);
    this.resultLo = 0x8000_0005;
    this.resultHi = 0xffff_fff0;
  }
  hypercallFast(controlLo: number, controlHi: number, registers: BigUint64Array): void {
    this.asked.push(`fast ${controlHi} ${controlLo.toString(16)} ${registers.length} ${registers.at(-1)}`);
    for (let i = 0; i < registers.length; i++) registers[i]! += BigInt(i + this.vp);
    this.resultLo = 0;
    this.resultHi = 7;
  }
  rdmsr(msr: number): bigint | undefined {
    return msr === 0x4000_0002 ? 0xffff_ffff_ffff_fff0n + BigInt(this.vp) : undefined;
  }
  wrmsr(msr: number, value: bigint): boolean {
    this.asked.push(`wrmsr ${msr.toString(16)} ${value.toString(16)}`);
    return msr === 0x4000_0000;
  }
  mmioRead(_gpa: number, size: 1 | 2 | 4 | 8): bigint {
    return 0x8877_6655_4433_2211n & ((1n << BigInt(size * 8)) - 1n);
  }
  mmioWrite(gpa: number, size: 1 | 2 | 4 | 8, value: bigint): void {
    this.asked.push(`write ${size} ${gpa.toString(16)} ${value.toString(16)}`);
  }
}

mailboxes('every kind of exit of two VPs crosses the threads exactly, and interrupts arrive once each', async () => {
  const buffer = new SharedArrayBuffer(Mailbox.sizeFor(2));
  const boxes = [new Mailbox(buffer, 0), new Mailbox(buffer, 1)];
  const gates = [new Rules(3), new Rules(9)];
  const runs = gates.map(
    ({ vp }, index) => new WorkerRun(WORKER, { buffer, index, vp, interrupts: VECTORS.length } satisfies ExitsTask),
  );
  let served = 0;
  const host = new BlockingQueue(boxes[0]!.hostBell, () => {
    const answered = boxes.map((box, i) => serveMailbox(box, gates[i]!)).filter(Boolean).length;
    served += answered;
    return answered > 0;
  });
  const exits = 2 * (2 + 4 + 5);
  assert.ok(
    host.run(() => served === exits, 20_000),
    `${served} of ${exits} exits`,
  );
  for (const box of boxes) for (const vector of [...VECTORS, 1024, -1]) box.interrupt(vector);
  await Promise.all(runs.map((run) => run.ended));
  runs.forEach((run, i) => {
    const report = run.messages[0] as ExitsReport;
    const { vp, asked } = gates[i]!;
    assert.equal(report.answers, [
      'fffffff0 80000005',
      '7 0',
      String(0xffff_ffff_ffff_fff0n + BigInt(vp)),
      'undefined',
      'true',
      'false',
      '11',
      '2211',
      '44332211',
      '8877665544332211',
    ]);
    assert.equal(
      report.registers,
      Array.from({ length: 14 }, (_, q) => String((BigInt(q) << 40n) + BigInt(q + vp))),
    );
    assert.equal(
      report.interrupts.toSorted((a, b) => a - b),
      VECTORS.toSorted((a, b) => a - b),
    );
    assert.equal(asked, [
      'slow 80000001 fedc005c 1234567000 1234568000',
      'fast 1 1005d 14 14293651161088',
      'wrmsr 40000000 8100000000000001',
      'wrmsr 1234 1',
      'write 8 fe0000010 fedcba9876543210',
    ]);
  });
});

mailboxes('an interrupt that waits already is one; the lowest comes first', () => {
  const box = new Mailbox(new SharedArrayBuffer(Mailbox.sizeFor(1)), 0);
  for (const vector of [0xf3, 31, 0xf3, 32, 1023]) box.interrupt(vector);
  const taken = Array.from({ length: 5 }, () => box.takeInterrupt());
  assert.equal(taken, [31, 32, 0xf3, 1023, undefined]);
});

mailboxes('a request of no kind, of no size or with too many registers is answered and harms nobody', () => {
  const box = new Mailbox(new SharedArrayBuffer(Mailbox.sizeFor(1)), 0);
  const gate = new Rules(0);
  for (const [kind, size] of [
    [99, 0],
    [-1, 7],
    [2, 0x7fff_ffff],
    [5, 3],
  ] as const) {
    box.words[0] = kind;
    box.words[1] = size;
    Atomics.store(box.state, 0, 1);
    assert.is(serveMailbox(box, gate), true);
    assert.is(Atomics.load(box.state, 0), 2);
  }
  assert.is(serveMailbox(box, gate), false, 'nothing is asked');
  assert.equal(gate.asked, ['fast 0 0 18 0']);
});

const queue = suite('COM-06: a queue that sleeps on shared memory');

queue('runs by due time, then by post, and not what was cancelled', () => {
  const q = new BlockingQueue(new Int32Array(new SharedArrayBuffer(4)), () => false);
  const seen: string[] = [];
  q.after(2000, () => seen.push('late'));
  q.post(() => seen.push('first'));
  q.post(() => seen.push('second'));
  q.after(1000, () => seen.push('never')).cancel();
  assert.is(
    q.run(() => seen.length === 3, 10_000),
    true,
  );
  assert.equal(seen, ['first', 'second', 'late']);
  assert.throws(() => q.after(-1, () => undefined), RangeError);
});

queue('gives up when its time is over', () => {
  const q = new BlockingQueue(new Int32Array(new SharedArrayBuffer(4)), () => false);
  assert.is(
    q.run(() => false, 5),
    false,
  );
});

mailboxes.run();
queue.run();
