import { bits } from '../../layout/bits.js';
import { enumeration, u64 } from '../../layout/scalar.js';
import { HVDEF } from '../openvmm-origin.js';

// The hypercall control and result words.

/** Bit 31, which Linux counts among the reserved bits, is `nested`. */
export const Control = bits(
  'Control',
  u64,
  {
    code: 16,
    fast: 1,
    variable_header_size: 10,
    _rsvd0: 4,
    nested: 1,
    rep_count: 12,
    _rsvd1: 4,
    rep_start: 12,
    _rsvd2: 4,
  },
  undefined,
  HVDEF,
);

export const HypercallOutput = bits(
  'HypercallOutput',
  u64,
  {
    call_status: 16,
    rsvd: 16,
    elements_processed: 12,
    rsvd2: 20,
  },
  undefined,
  HVDEF,
);

/** Codes that OpenVMM knows; the catalogue of calls holds them all. */
export const HypercallCode = enumeration('HypercallCode', {
  HvCallSwitchVirtualAddressSpace: 0x00001,
  HvCallFlushVirtualAddressSpace: 0x00002,
  HvCallFlushVirtualAddressList: 0x00003,
  HvCallNotifyLongSpinWait: 0x00008,
  HvCallInvokeHypervisorDebugger: 0x0000a,
  HvCallSendSyntheticClusterIpi: 0x0000b,
  HvCallModifyVtlProtectionMask: 0x0000c,
  HvCallEnablePartitionVtl: 0x0000d,
  HvCallEnableVpVtl: 0x0000f,
  HvCallVtlCall: 0x00011,
  HvCallVtlReturn: 0x00012,
  HvCallFlushVirtualAddressSpaceEx: 0x00013,
  HvCallFlushVirtualAddressListEx: 0x00014,
  HvCallSendSyntheticClusterIpiEx: 0x00015,
  HvCallInstallIntercept: 0x0004d,
  HvCallGetVpRegisters: 0x00050,
  HvCallSetVpRegisters: 0x00051,
  HvCallTranslateVirtualAddress: 0x00052,
  HvCallPostMessage: 0x0005c,
  HvCallSignalEvent: 0x0005d,
  HvCallOutputDebugCharacter: 0x00071,
  HvCallGetSystemProperty: 0x0007b,
  HvCallRetargetDeviceInterrupt: 0x0007e,
  HvCallNotifyPartitionEvent: 0x00087,
  HvCallRegisterInterceptResult: 0x00091,
  HvCallAssertVirtualInterrupt: 0x00094,
  HvCallStartVirtualProcessor: 0x00099,
  HvCallGetVpIndexFromApicId: 0x0009a,
  HvCallTranslateVirtualAddressEx: 0x000ac,
  HvCallCheckForIoIntercept: 0x000ad,
  HvCallFlushGuestPhysicalAddressSpace: 0x000af,
  HvCallFlushGuestPhysicalAddressList: 0x000b0,
  HvCallSignalEventDirect: 0x000c0,
  HvCallPostMessageDirect: 0x000c1,
  HvCallCheckSparseGpaPageVtlAccess: 0x000d4,
  HvCallAcceptGpaPages: 0x000d9,
  HvCallModifySparseGpaPageHostVisibility: 0x000db,
  HvCallGetVpCpuidValues: 0x000f4,
  HvCallRestorePartitionTime: 0x00103,
  HvCallMemoryMappedIoRead: 0x00106,
  HvCallMemoryMappedIoWrite: 0x00107,
  HvCallPinGpaPageRanges: 0x00112,
  HvCallUnpinGpaPageRanges: 0x00113,
  HvCallQuerySparseGpaPageHostVisibility: 0x0011c,
  HvExtCallQueryCapabilities: 0x08001,
  HvCallVbsVmCallReport: 0x0c001,
});
