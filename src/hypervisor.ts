// The hypervisor model: one partition of virtual processors, its hypercalls, SynIC, interrupt routes and device space.

export type { CallHandler, GuestCall } from './hypervisor/call-frame.js';
export type { CallRegistry, CallSizes } from './hypervisor/call-registry.js';
export { HypervisorError } from './hypervisor/hypervisor-error.js';
export { type IommuOptions, RECORDED_RULES, USUAL_RULES } from './hypervisor/iommu/iommu-options.js';
export {
  RECORDED_FORM,
  type RecordedCaller,
  type RecordedHost,
  type RecordedHostKnobs,
  recordedHost,
} from './hypervisor/iommu/recorded-host.js';
export { Partition } from './hypervisor/partition.js';
export type {
  FeatureBits,
  FlushRequest,
  FormRules,
  GuestCrash,
  PartitionOptions,
} from './hypervisor/partition-options.js';
export type {
  HostPort,
  InterruptMessage,
  InterruptRouter,
  InterruptTarget as MessageTarget,
  Listener,
  MmioDevice,
  MmioWindow,
  PostedMessage,
} from './ports/host-port.js';
export type { InterruptSink } from './ports/interrupt-sink.js';
