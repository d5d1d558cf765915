import { iommu_hwpt_pgfault_perm } from '../../abi/iommufd/fault.js';
import { evt_id, evtq_ent } from '../../abi/iommufd/smmuv3-event.js';
import { iommu_vevent_arm_smmuv3 } from '../../abi/iommufd/viommu.js';
import { decode, encode } from '../../layout/codec.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { PageRequest } from './page-request.js';

// The event record of Arm's SMMUv3: 256 bits as four little-endian words.

/** Bytes of a record. */
export const SMMUV3_EVENT_BYTES = 32;

export type Smmuv3Words = readonly [bigint, bigint, bigint, bigint];

/** Events that a guest is told of, by the names of Arm IHI 0070 (VIO-32). */
export const Smmuv3EventId = {
  C_BAD_STE: evt_id.EVT_ID_BAD_STE_CONFIG,
  F_STREAM_DISABLED: evt_id.EVT_ID_STREAM_DISABLED_FAULT,
  C_BAD_SUBSTREAMID: evt_id.EVT_ID_BAD_SUBSTREAMID_CONFIG,
  C_BAD_CD: evt_id.EVT_ID_BAD_CD_CONFIG,
  F_TRANSLATION: evt_id.EVT_ID_TRANSLATION_FAULT,
  F_ADDR_SIZE: evt_id.EVT_ID_ADDR_SIZE_FAULT,
  F_ACCESS: evt_id.EVT_ID_ACCESS_FAULT,
  F_PERMISSION: evt_id.EVT_ID_PERMISSION_FAULT,
} as const;

const FORWARDED: ReadonlySet<number> = new Set(Object.values(Smmuv3EventId));
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

/** Fields of a record, as arm_smmu_decode_event of Linux takes them. */
export function parseSmmuv3Event(words: Smmuv3Words): Smmuv3Event {
  const found = decode(evtq_ent, encodeSmmuv3Event(words));
  return {
    id: found.EVTQ_0_ID,
    streamId: found.EVTQ_0_SID,
    substreamId: found.EVTQ_0_SSV ? found.EVTQ_0_SSID : undefined,
    stall: found.EVTQ_1_STALL,
    stallTag: found.EVTQ_1_STAG,
    privileged: found.EVTQ_1_PnU,
    instruction: found.EVTQ_1_InD,
    readAccess: found.EVTQ_1_RnW,
    stage2: found.EVTQ_1_S2,
    address: found.EVTQ_2_ADDR,
  };
}

/** Whether an event of this id may leave the host (VIO-32). */
export function isForwarded(id: number): boolean {
  return FORWARDED.has(id);
}

/** The record with the StreamID that the guest knows, all else untouched; EINVAL for one of more than 32 bits (VIO-31). */
export function withVirtualStream(words: Smmuv3Words, virtualId: bigint): Outcome<Smmuv3Words> {
  if (virtualId < 0n || virtualId > 0xffff_ffffn) return failure('EINVAL');
  const found = decode(evtq_ent, encodeSmmuv3Event(words));
  return success(decodeSmmuv3Event(encode(evtq_ent, { ...found, EVTQ_0_SID: Number(virtualId) })));
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
