// Hypervisor, host and guest put together: scenarios in one thread and virtual time; and the queues and routines under them.

export { HVC_VERSION, NO_TRACE, Recorder, type RecorderOptions, stampTrace, teeTrace } from './capture/recorder.js';
export type { LogLine, LogSink } from './ports/log-sink.js';
export type { CallDifference } from './rig/compare/call-tape.js';
export { type CompareDriverOptions, type ComparedDriver, compareDriver } from './rig/compare/compare-driver.js';
export {
  type DeviceDomainReplay,
  type ReplayDifference,
  type ReplayOptions,
  replayDeviceDomainCalls,
  replayDeviceDomains,
  type Uncompared,
} from './rig/replay/device-domain-replay.js';
export type { ReplayHost } from './rig/replay/replay-host.js';
export type { Scripted } from './rig/replay/replay-script.js';
export type { IommuChoice } from './rig/simulate/iommu-choice.js';
export { type SimulateOptions, type SimulationResult, simulate } from './rig/simulate/one-thread.js';
export type { GuestScene, HostScene, Report, Simulation } from './rig/simulate/simulation.js';
export { PROTOCOLS, SIMULATIONS } from './rig/simulate/simulations.js';
export { GuestSide, type GuestSideOptions } from './rig/system/guest-side.js';
export { HostSide, type HostSideOptions } from './rig/system/host-side.js';
export { TranslatedDma } from './rig/system/translated-dma.js';
export { pause, type Routine, type Running, sleep, start, type Waitable } from './sched/routine.js';
export { Completion, Mutex, OrderedWork } from './sched/sync.js';
export { WallQueue } from './sched/wall-queue.js';
