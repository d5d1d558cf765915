// Control and result words, calling conventions, rep loop, batches, deposits; and the ports they work through.

export { type Batch, batchLimit, callsFor, planBatches } from './hypercall/batch.js';
export {
  CONVENTIONS,
  type Convention,
  fastCapacity,
  fastRegisters,
  type Registers,
  readFastInput,
  readFastOutput,
  readSlow,
  slowRegisters,
  withFastOutput,
} from './hypercall/conventions.js';
export {
  type Attempt,
  type Depositor,
  depositFor,
  depositPages,
  HV_PARTITION_ID_SELF,
  MAX_DEPOSIT,
  MAX_FRUITLESS_DEPOSITS,
  withDeposits,
} from './hypercall/deposit.js';
export {
  DepositBatch,
  FlushAddressBatch,
  FlushListBatch,
  type FrameFiller,
  type InputArea,
  MapBatch,
  type MapTarget,
  UnmapBatch,
} from './hypercall/map-batch.js';
export { type CallingCpu, callOnPage } from './hypercall/page-call.js';
export { callReps, type RepOutcome } from './hypercall/rep-loop.js';
export { errnoOf, needsMemory } from './hypercall/status.js';
export {
  type ControlWord,
  controlWord,
  type ResultWord,
  splitControl,
  splitControlWord,
  splitResult,
} from './hypercall/words.js';
export type { CpuGate } from './ports/cpu-gate.js';
export type { HostPort, MmioDevice, MmioWindow } from './ports/host-port.js';
export type { Errno, Outcome } from './ports/outcome.js';
export type { Clock, RunQueue, Timer } from './ports/run-queue.js';
export type { TraceSink } from './ports/trace-sink.js';
export { type Choose, seededChoice, VirtualQueue } from './sched/virtual-queue.js';
