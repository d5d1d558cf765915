export interface Alias {
  readonly alias: string;
  /** Name of the declaration here. */
  readonly of: string;
  /** Bytes of `of` in front of what the alias names: OpenVMM leaves message headers and packet descriptors out. */
  readonly skip?: number;
  /** Who spells it so. */
  readonly source: string;
}

const OPENVMM = 'openvmm';

/** Types of OpenVMM that have the size and the field borders of a declaration under a Linux name. */
export const aliases: readonly Alias[] = [
  // registers, hypercall inputs
  { alias: 'Guid', of: 'guid_t', source: OPENVMM },
  { alias: 'AlignedU128', of: 'hv_u128', source: OPENVMM },
  { alias: 'HvX64RegisterAccessInfo', of: 'hv_u128', source: OPENVMM },
  { alias: 'HvRegisterValue', of: 'hv_register_value', source: OPENVMM },
  { alias: 'HvRegisterAssoc', of: 'hv_register_assoc', source: OPENVMM },
  { alias: 'HvX64SegmentRegister', of: 'hv_x64_segment_register', source: OPENVMM },
  { alias: 'HvX64TableRegister', of: 'hv_x64_table_register', source: OPENVMM },
  { alias: 'HvX64InterruptStateRegister', of: 'hv_x64_interrupt_state_register', source: OPENVMM },
  { alias: 'HvX64PendingInterruptionRegister', of: 'hv_x64_pending_interruption_register', source: OPENVMM },
  { alias: 'HvRegisterReferenceTsc', of: 'hv_reference_tsc_msr', source: OPENVMM },
  { alias: 'HvRegisterVpAssistPage', of: 'hv_vp_assist_msr_contents', source: OPENVMM },
  { alias: 'HvRegisterVsmCodePageOffsets', of: 'hv_register_vsm_page_offsets', source: OPENVMM },
  { alias: 'HvInputVtl', of: 'hv_input_vtl', source: OPENVMM },
  { alias: 'InitialVpContextX64', of: 'hv_init_vp_context', source: OPENVMM },
  { alias: 'EnableVpVtlX64', of: 'hv_enable_vp_vtl', source: OPENVMM },
  { alias: 'StartVirtualProcessorX64', of: 'hv_enable_vp_vtl', source: OPENVMM },
  { alias: 'GetSetVpRegisters', of: 'hv_input_get_vp_registers', source: OPENVMM },
  { alias: 'GetVpIndexFromApicId', of: 'hv_get_vp_from_apic_id_in', source: OPENVMM },
  { alias: 'FlushVirtualAddressSpace', of: 'hv_tlb_flush', source: OPENVMM },
  { alias: 'FlushVirtualAddressSpaceEx', of: 'hv_tlb_flush_ex', source: OPENVMM },
  { alias: 'HvInterceptParameters', of: 'hv_intercept_parameters', source: OPENVMM },
  { alias: 'HvInterruptControl', of: 'hv_interrupt_control', source: OPENVMM },
  { alias: 'AssertVirtualInterrupt', of: 'hv_input_assert_virtual_interrupt', source: OPENVMM },
  { alias: 'InterruptEntry', of: 'hv_interrupt_entry', source: OPENVMM },
  { alias: 'MemoryMappedIoRead', of: 'hv_mmio_read_input', source: OPENVMM },
  { alias: 'MemoryMappedIoReadOutput', of: 'hv_mmio_read_output', source: OPENVMM },
  { alias: 'MemoryMappedIoWrite', of: 'hv_mmio_write_input', source: OPENVMM },
  // SynIC
  { alias: 'HvMessage', of: 'hv_message', source: OPENVMM },
  { alias: 'HvMessageHeader', of: 'hv_message_header', source: OPENVMM },
  { alias: 'HvMessageFlags', of: 'hv_message_flags', source: OPENVMM },
  { alias: 'PostMessage', of: 'hv_input_post_message', source: OPENVMM },
  { alias: 'TimerMessagePayload', of: 'hv_timer_message_payload', source: OPENVMM },
  { alias: 'HvX64ApicEoiMessage', of: 'hv_x64_apic_eoi_message', source: OPENVMM },
  { alias: 'HvX64InterceptMessageHeader', of: 'hv_x64_intercept_message_header', source: OPENVMM },
  { alias: 'HvX64VpExecutionState', of: 'hv_x64_vp_execution_state', source: OPENVMM },
  { alias: 'HvX64MemoryInterceptMessage', of: 'hv_x64_memory_intercept_message', source: OPENVMM },
  { alias: 'HvArm64InterceptMessageHeader', of: 'hv_arm64_intercept_message_header', source: OPENVMM },
  { alias: 'HvArm64VpExecutionState', of: 'hv_arm64_vp_execution_state', source: OPENVMM },
  { alias: 'HvArm64MemoryAccessInfo', of: 'hv_arm64_memory_access_info', source: OPENVMM },
  { alias: 'HvArm64MemoryInterceptMessage', of: 'hv_arm64_memory_intercept_message', source: OPENVMM },
  { alias: 'HvMonitorPage', of: 'hv_monitor_page', source: OPENVMM },
  { alias: 'HvMonitorParameter', of: 'hv_monitor_parameter', source: OPENVMM },
  { alias: 'HvMonitorTriggerGroup', of: 'hv_monitor_trigger_group', source: OPENVMM },
  { alias: 'HvMonitorTriggerState', of: 'hv_monitor_trigger_state', source: OPENVMM },
  { alias: 'HvStimerState', of: 'hv_stimer_state', source: OPENVMM },
  { alias: 'HvSyntheticTimersState', of: 'hv_synthetic_timers_state', source: OPENVMM },
  { alias: 'HvSynicScontrol', of: 'hv_synic_scontrol', source: OPENVMM },
  { alias: 'HvSynicSimpSiefp', of: 'hv_synic_simp', source: OPENVMM },
  { alias: 'HvSynicSint', of: 'hv_synic_sint', source: OPENVMM },
  { alias: 'HvSynicStimerConfig', of: 'hv_stimer_config', source: OPENVMM },
  // VMBus
  { alias: 'PacketDescriptor', of: 'vmpacket_descriptor', source: OPENVMM },
  { alias: 'TransferPageHeader', of: 'vmtransfer_page_packet_header', skip: 16, source: OPENVMM },
  { alias: 'TransferPageRange', of: 'vmtransfer_page_range', source: OPENVMM },
  { alias: 'GpaRange', of: 'gpa_range', source: OPENVMM },
  { alias: 'MessageHeader', of: 'vmbus_channel_message_header', source: OPENVMM },
  { alias: 'RescindChannelOffer', of: 'vmbus_channel_rescind_offer', skip: 8, source: OPENVMM },
  { alias: 'RequestOffers', of: 'vmbus_channel_message_header', skip: 8, source: OPENVMM },
  { alias: 'AllOffersDelivered', of: 'vmbus_channel_message_header', skip: 8, source: OPENVMM },
  { alias: 'OpenChannel', of: 'vmbus_channel_open_channel', skip: 8, source: OPENVMM },
  { alias: 'OpenResult', of: 'vmbus_channel_open_result', skip: 8, source: OPENVMM },
  { alias: 'CloseChannel', of: 'vmbus_channel_close_channel', skip: 8, source: OPENVMM },
  { alias: 'GpadlHeader', of: 'vmbus_channel_gpadl_header', skip: 8, source: OPENVMM },
  { alias: 'GpadlBody', of: 'vmbus_channel_gpadl_body', skip: 8, source: OPENVMM },
  { alias: 'GpadlCreated', of: 'vmbus_channel_gpadl_created', skip: 8, source: OPENVMM },
  { alias: 'GpadlTeardown', of: 'vmbus_channel_gpadl_teardown', skip: 8, source: OPENVMM },
  { alias: 'GpadlTorndown', of: 'vmbus_channel_gpadl_torndown', skip: 8, source: OPENVMM },
  { alias: 'RelIdReleased', of: 'vmbus_channel_relid_released', skip: 8, source: OPENVMM },
  { alias: 'InitiateContact', of: 'vmbus_channel_initiate_contact', skip: 8, source: OPENVMM },
  { alias: 'VersionResponse', of: 'vmbus_channel_version_response', skip: 8, source: OPENVMM },
  { alias: 'Unload', of: 'vmbus_channel_message_header', skip: 8, source: OPENVMM },
  { alias: 'UnloadComplete', of: 'vmbus_channel_message_header', skip: 8, source: OPENVMM },
  { alias: 'TlConnectRequest', of: 'vmbus_channel_tl_connect_request', skip: 8, source: OPENVMM },
  { alias: 'ModifyChannel', of: 'vmbus_channel_modifychannel', skip: 8, source: OPENVMM },
  { alias: 'ModifyChannelResponse', of: 'vmbus_channel_modifychannel_response', skip: 8, source: OPENVMM },
  { alias: 'Pause', of: 'vmbus_channel_message_header', skip: 8, source: OPENVMM },
  { alias: 'PauseResponse', of: 'vmbus_channel_message_header', skip: 8, source: OPENVMM },
  { alias: 'Resume', of: 'vmbus_channel_message_header', skip: 8, source: OPENVMM },
  // vPCI
  { alias: 'SlotNumber', of: 'win_slot_encoding', source: OPENVMM },
  { alias: 'PdoMessage', of: 'pci_child_message', source: OPENVMM },
  { alias: 'QueryProtocolVersion', of: 'pci_version_request', source: OPENVMM },
  { alias: 'QueryResourceRequirements', of: 'pci_child_message', source: OPENVMM },
  { alias: 'QueryResourceRequirementsReply', of: 'pci_q_res_req_response', skip: 16, source: OPENVMM },
  { alias: 'FdoD0Entry', of: 'pci_bus_d0_entry', source: OPENVMM },
  { alias: 'MsiResourceDescriptor', of: 'hv_msi_desc', source: OPENVMM },
  { alias: 'MsiResourceRemapped', of: 'tran_int_desc', source: OPENVMM },
  { alias: 'CreateInterrupt', of: 'pci_create_interrupt', source: OPENVMM },
  { alias: 'CreateInterruptReply', of: 'pci_create_int_response', skip: 16, source: OPENVMM },
  { alias: 'DeleteInterrupt', of: 'pci_delete_interrupt', source: OPENVMM },
  // enumerations
  { alias: 'HvInterceptAccessType', of: 'hv_intercept_access_type', source: OPENVMM },
  { alias: 'HvInterruptSource', of: 'hv_interrupt_source', source: OPENVMM },
];

/** Types of OpenVMM that wrap one scalar or bytes. */
export const scalarAliases: readonly Alias[] = [
  { alias: 'ChannelId', of: 'u32', source: OPENVMM },
  { alias: 'GpadlId', of: 'u32', source: OPENVMM },
  { alias: 'HvRegisterName', of: 'u32', source: OPENVMM },
  { alias: 'HvStatus', of: 'u16', source: OPENVMM },
  { alias: 'UserDefinedData', of: 'u8[120]', source: OPENVMM },
  { alias: 'PipeUserDefinedData', of: 'u8[112]', source: OPENVMM },
];
