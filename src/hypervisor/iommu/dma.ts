/** Why a device's access was refused. */
export type DmaFaultReason =
  | 'unknown device'
  | 'blocked'
  | 'beyond width'
  | 'not mapped'
  | 'not readable'
  | 'not writable'
  | 'bad table';

/** A refused access: the first page that could not be translated. */
export interface DmaFault {
  readonly deviceId: bigint;
  readonly iova: bigint;
  readonly access: DmaAccess;
  readonly reason: DmaFaultReason;
}

export type DmaAccess = 'read' | 'write';

/** A part of an access that lies in one piece. */
export interface DmaSegment {
  readonly iova: bigint;
  readonly gpa: number;
  readonly length: number;
}

/** What a device's access comes to. */
export type DmaResult =
  | {
      readonly ok: true;
      readonly segments: readonly DmaSegment[];
      /** The partition whose memory it is. */
      readonly partitionId: bigint;
      /** Pages for which the IOTLB had a translation that the page tables no longer have. */
      readonly staleTlbHits: number;
    }
  | { readonly ok: false; readonly fault: DmaFault };

/** A page's translation: the frame, and hv_map_gpa_flags of what may be done. */
export interface Translation {
  readonly frame: number;
  readonly permissions: number;
  /** Pages of the leaf that it is from: 1, 512 or 512 * 512. */
  readonly span: number;
}
