// A VP that makes fast hypercalls one after the other: see bench/cases/hypercall-round-trip.ts.
import { workerData } from 'node:worker_threads';
import { Mailbox } from '../../src/rig/vp/mailbox.js';
import { VpGate } from '../../src/rig/vp/vp-gate.js';

export interface ExitsTask {
  readonly buffer: SharedArrayBuffer;
  /** Nanoseconds of each round; the first one warms up. */
  readonly times: BigUint64Array;
  readonly rounds: number;
  readonly calls: number;
  readonly controlLo: number;
  readonly register: bigint;
}

const { buffer, times, rounds, calls, controlLo, register } = workerData as ExitsTask;
const gate = new VpGate(0, new Mailbox(buffer, 0));
const registers = new BigUint64Array(1);
for (let round = 0; round <= rounds; round++) {
  const from = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) {
    registers[0] = register;
    gate.hypercallFast(controlLo, 0, registers);
    if (gate.resultLo !== 0) throw new Error(`call ${i}: status ${gate.resultLo}`);
  }
  times[round] = process.hrtime.bigint() - from;
}
