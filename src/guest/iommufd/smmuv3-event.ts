import { iommu_hwpt_pgfault_perm } from '../../abi/iommufd/fault.js';
import { iommu_vevent_arm_smmuv3 } from '../../abi/iommufd/viommu.js';
import { decode, encode } from '../../layout/codec.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { PageRequest } from './page-request.js';

// The event record of Arm's SMMUv3: 256 bits as four little-endian words. Arm IHI 0070, 7.3; arm-smmu-v3.h, EVTQ_*.

/** Bytes of a record. */
export const SMMUV3_EVENT_BYTES = 32;

export type Smmuv3Words = readonly [bigint, bigint, bigint, bigint];

/** Events that a guest is told of (VIO-32). */
export const Smmuv3EventId = {
  C_BAD_STE: 0x04,
  F_STREAM_DISABLED: 0x06,
  C_BAD_SUBSTREAMID: 0x08,
  C_BAD_CD: 0x0a,
  F_TRANSLATION: 0x10,
  F_ADDR_SIZE: 0x11,
  F_ACCESS: 0x12,
  F_PERMISSION: 0x13,
} as const;

const FORWARDED: ReadonlySet<number> = new Set(Object.values(Smmuv3EventId));
const LOW_32 = 0xffff_ffffn;

export interface Smmuv3Event {
  readonly id: number;
  readonly streamId: number;
  /** Undefined where the record says it is not valid (SSV). */
  readonly substreamId: number | undefined;
  /** The transaction waits for a response with `stallTag`. */
  readonly stall: boolean;
  readonly stallTag: number;
  readonly privileged: boolean;
  readonly instruction: boolean;
  readonly readAccess: boolean;
  /** Of the second stage. */
  readonly stage2: boolean;
  readonly address: bigint;
}

/** Fields of a record. */
export function parseSmmuv3Event(words: Smmuv3Words): Smmuv3Event {
  const [first, second, address] = words;
  const bit = (at: bigint): boolean => ((second >> at) & 1n) === 1n;
  return {
    id: Number(first & 0xffn),
    streamId: Number((first >> 32n) & LOW_32),
    substreamId: ((first >> 11n) & 1n) === 1n ? Number((first >> 12n) & 0xfffffn) : undefined,
    stall: bit(31n),
    stallTag: Number(second & 0xffffn),
    privileged: bit(33n),
    instruction: bit(34n),
    readAccess: bit(35n),
    stage2: bit(39n),
    address,
  };
}

/** Whether an event of this id may leave the host (VIO-32). */
export function isForwarded(id: number): boolean {
  return FORWARDED.has(id);
}

/** The record with the StreamID that the guest knows; EINVAL for one of more than 32 bits (VIO-31). */
export function withVirtualStream(words: Smmuv3Words, virtualId: bigint): Outcome<Smmuv3Words> {
  if (virtualId < 0n || virtualId > LOW_32) return failure('EINVAL');
  const [first, second, third, fourth] = words;
  return success([(first & LOW_32) | (virtualId << 32n), second, third, fourth]);
}

/** The 32 bytes of a record. */
export function encodeSmmuv3Event(words: Smmuv3Words): Uint8Array {
  return encode(iommu_vevent_arm_smmuv3, { evt: [...words] });
}

/** The words of 32 bytes. Throws DecodeError for fewer. */
export function decodeSmmuv3Event(bytes: Uint8Array): Smmuv3Words {
  const [first = 0n, second = 0n, third = 0n, fourth = 0n] = decode(iommu_vevent_arm_smmuv3, bytes).evt;
  return [first, second, third, fourth];
}

/** A stalled event as the page request it is: one message, group and tag are the same. */
export function stallRequest(event: Smmuv3Event): PageRequest {
  const perm = iommu_hwpt_pgfault_perm;
  let wanted: number = event.readAccess ? perm.IOMMU_PGFAULT_PERM_READ : perm.IOMMU_PGFAULT_PERM_WRITE;
  if (event.instruction) wanted |= perm.IOMMU_PGFAULT_PERM_EXEC;
  if (event.privileged) wanted |= perm.IOMMU_PGFAULT_PERM_PRIV;
  const request = { grpid: event.stallTag, perm: wanted, address: event.address, last: true };
  return event.substreamId === undefined ? request : { ...request, pasid: event.substreamId };
}
