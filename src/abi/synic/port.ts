import { bits } from '../../layout/bits.js';
import { array } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { hv_proximity_domain_info } from '../hv/memory.js';
import { HVHDK } from '../origin.js';
import { hv_connection_id, hv_port_id } from './message.js';

// Ports and connections. include/hyperv/hvhdk.h, hvhdk_mini.h.

export const hv_port_type = enumeration('hv_port_type', {
  HV_PORT_TYPE_MESSAGE: 1,
  HV_PORT_TYPE_EVENT: 2,
  HV_PORT_TYPE_MONITOR: 3,
  HV_PORT_TYPE_DOORBELL: 4,
});

/** Sizes are a number in bits 0-2, not bits of their own. */
export const hv_doorbell_flags = enumeration('hv_doorbell_flags', {
  HV_DOORBELL_FLAG_TRIGGER_ANY_VALUE: 0x80000000,
  HV_DOORBELL_FLAG_TRIGGER_SIZE_QWORD: 0x4,
  HV_DOORBELL_FLAG_TRIGGER_SIZE_DWORD: 0x3,
  HV_DOORBELL_FLAG_TRIGGER_SIZE_WORD: 0x2,
  HV_DOORBELL_FLAG_TRIGGER_SIZE_BYTE: 0x1,
  HV_DOORBELL_FLAG_TRIGGER_SIZE_ANY: 0x0,
});

export const hv_doorbell_mask = enumeration('hv_doorbell_mask', {
  HV_DOORBELL_FLAG_TRIGGER_SIZE_MASK: 7,
});

export const hv_port_info = struct(
  'hv_port_info',
  0x18,
  {
    port_type: u32.as(hv_port_type),
    padding: rsvd(u32),
    u: anon(
      union(
        {
          message_port_info: struct({ target_sint: u32, target_vp: u32, rsvdz: rsvd(u64) }),
          event_port_info: struct({
            target_sint: u32,
            target_vp: u32,
            base_flag_number: u16,
            flag_count: u16,
            rsvdz: rsvd(u32),
          }),
          monitor_port_info: struct({ monitor_address: u64, rsvdz: rsvd(u64) }),
          doorbell_port_info: struct({ target_sint: u32, target_vp: u32, rsvdz: rsvd(u64) }),
        },
        {
          by: 'port_type',
          of: {
            [hv_port_type.HV_PORT_TYPE_MESSAGE]: 'message_port_info',
            [hv_port_type.HV_PORT_TYPE_EVENT]: 'event_port_info',
            [hv_port_type.HV_PORT_TYPE_MONITOR]: 'monitor_port_info',
            [hv_port_type.HV_PORT_TYPE_DOORBELL]: 'doorbell_port_info',
          },
          otherwise: 'message_port_info',
        },
      ),
    ),
  },
  HVHDK,
);

export const hv_connection_info = struct(
  'hv_connection_info',
  0x20,
  {
    port_type: u32.as(hv_port_type),
    padding: rsvd(u32),
    u: anon(
      union(
        {
          message_connection_info: struct({ rsvdz: rsvd(u64) }),
          event_connection_info: struct({ rsvdz: rsvd(u64) }),
          monitor_connection_info: struct({ monitor_address: u64 }),
          doorbell_connection_info: struct({ gpa: u64, trigger_value: u64, flags: u64.flagsOf(hv_doorbell_flags) }),
        },
        {
          by: 'port_type',
          of: {
            [hv_port_type.HV_PORT_TYPE_MESSAGE]: 'message_connection_info',
            [hv_port_type.HV_PORT_TYPE_EVENT]: 'event_connection_info',
            [hv_port_type.HV_PORT_TYPE_MONITOR]: 'monitor_connection_info',
            [hv_port_type.HV_PORT_TYPE_DOORBELL]: 'doorbell_connection_info',
          },
          otherwise: 'doorbell_connection_info',
        },
      ),
    ),
  },
  HVHDK,
);

export const hv_input_create_port = struct(
  'hv_input_create_port',
  0x38,
  {
    port_partition_id: u64,
    port_id: hv_port_id,
    port_vtl: u8,
    min_connection_vtl: u8,
    padding: rsvd(u16),
    connection_partition_id: u64,
    port_info: hv_port_info,
    proximity_domain_info: hv_proximity_domain_info,
  },
  HVHDK,
);

export const hv_input_delete_port = union(
  'hv_input_delete_port',
  0x10,
  {
    as_uint64: array(u64, 2),
    port: anon(struct({ port_partition_id: u64, port_id: hv_port_id, reserved: rsvd(u32) })),
  },
  { otherwise: 'port' },
  HVHDK,
);

export const hv_input_connect_port = struct(
  'hv_input_connect_port',
  0x48,
  {
    connection_partition_id: u64,
    connection_id: hv_connection_id,
    connection_vtl: u8,
    rsvdz0: rsvd(1),
    rsvdz1: rsvd(u16),
    port_partition_id: u64,
    port_id: hv_port_id,
    reserved2: rsvd(u32),
    connection_info: hv_connection_info,
    proximity_domain_info: hv_proximity_domain_info,
  },
  HVHDK,
);

export const hv_input_disconnect_port = union(
  'hv_input_disconnect_port',
  0x10,
  {
    as_uint64: array(u64, 2),
    connection: anon(
      struct({
        connection_partition_id: u64,
        connection_id: hv_connection_id,
        flags: anon(bits(u32, { is_doorbell: 1, reserved: 31 })),
      }),
    ),
  },
  { otherwise: 'connection' },
  HVHDK,
);
