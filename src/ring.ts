// The VMBus ring on shared memory: writer, reader, signal rules, sleeping Workers.

export { type ControlWord as RingControlWord, FEATURE_PENDING_SEND_SIZE } from './ring/control-page.js';
export { Doorbell, waitForPackets, waitForSpace } from './ring/doorbell.js';
export { ringInGuest } from './ring/guest-ring.js';
export type { OutgoingPacket } from './ring/outgoing.js';
export { PacketBuffer } from './ring/packet-buffer.js';
export {
  COMPLETION,
  COMPLETION_REQUESTED,
  GPA_DIRECT,
  IN_BAND,
  packetSpace,
  TRANSFER_PAGES,
} from './ring/packet-kind.js';
export {
  type GpaRange,
  type PageBuffer,
  pageBufferRanges,
  readGpaRanges,
  readTransferRanges,
  type TransferPageRange,
} from './ring/ranges.js';
export { RingError } from './ring/ring-error.js';
export { type RingBacking, RingMemory } from './ring/ring-memory.js';
export { LentPacket, ReceivedPacket } from './ring/ring-packet.js';
export { type ReaderOptions, type ReadOutcome, RingReader, type RingRules } from './ring/ring-reader.js';
export { type BatchOutcome, RingWriter, type WriteOutcome, type WriterOptions } from './ring/ring-writer.js';
export { signalsAfterRead, signalsAfterWrite } from './ring/signal-rule.js';
