import { bit, bits, gap } from '../../layout/bits.js';
import { enumeration, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { ARM_SMMU_V3 } from '../origin.js';

// The event record of Arm's SMMUv3, which iommu_vevent_arm_smmuv3 carries: bits as far as Linux names them.
// drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h: masks of four 64-bit words; C has no struct for them. Arm IHI 0070, 7.3.

export const evt_id = enumeration('evt_id', {
  EVT_ID_BAD_STREAMID_CONFIG: 0x02,
  EVT_ID_STE_FETCH_FAULT: 0x03,
  EVT_ID_BAD_STE_CONFIG: 0x04,
  EVT_ID_STREAM_DISABLED_FAULT: 0x06,
  EVT_ID_BAD_SUBSTREAMID_CONFIG: 0x08,
  EVT_ID_CD_FETCH_FAULT: 0x09,
  EVT_ID_BAD_CD_CONFIG: 0x0a,
  EVT_ID_TRANSLATION_FAULT: 0x10,
  EVT_ID_ADDR_SIZE_FAULT: 0x11,
  EVT_ID_ACCESS_FAULT: 0x12,
  EVT_ID_PERMISSION_FAULT: 0x13,
  EVT_ID_VMS_FETCH_FAULT: 0x25,
});

/** EVTQ_ENT_DWORDS words. The address of word 3 is that of a descriptor for the three fetch faults, else the IPA. */
export const evtq_ent = struct(
  'evtq_ent',
  0x20,
  {
    evtq_0: anon(
      bits(u64, { EVTQ_0_ID: bit(8, evt_id), unnamed_0: gap(3), EVTQ_0_SSV: 1, EVTQ_0_SSID: 20, EVTQ_0_SID: 32 }),
    ),
    evtq_1: anon(
      bits(u64, {
        EVTQ_1_STAG: 16,
        unnamed_1a: gap(15),
        EVTQ_1_STALL: 1,
        unnamed_1b: gap(1),
        EVTQ_1_PnU: 1,
        EVTQ_1_InD: 1,
        EVTQ_1_RnW: 1,
        unnamed_1c: gap(3),
        EVTQ_1_S2: 1,
        EVTQ_1_CLASS: 2,
        unnamed_1d: gap(2),
        EVTQ_1_TT_READ: 1,
        unnamed_1e: gap(19),
      }),
    ),
    EVTQ_2_ADDR: u64,
    evtq_3: union(
      {
        ipa: bits(u64, { unnamed_3a: gap(12), EVTQ_3_IPA: 40, unnamed_3b: gap(12) }),
        fetch: bits(u64, { unnamed_3c: gap(3), EVTQ_3_FETCH_ADDR: 49, unnamed_3d: gap(12) }),
      },
      { by: 'EVTQ_0_ID', of: { 3: 'fetch', 9: 'fetch', 37: 'fetch' }, otherwise: 'ipa' },
    ),
  },
  ARM_SMMU_V3,
);
