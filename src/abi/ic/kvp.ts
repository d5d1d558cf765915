import { array } from '../../layout/list.js';
import { bytes, enumeration, hole, i32, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { UAPI_HYPERV } from '../origin.js';

// Integration components: key-value pairs; hosts write text as UTF-16. include/uapi/linux/hyperv.h.

export const hv_kvp_exchg_op = enumeration('hv_kvp_exchg_op', {
  KVP_OP_GET: 0,
  KVP_OP_SET: 1,
  KVP_OP_DELETE: 2,
  KVP_OP_ENUMERATE: 3,
  KVP_OP_GET_IP_INFO: 4,
  KVP_OP_SET_IP_INFO: 5,
  KVP_OP_COUNT: 6,
  KVP_OP_REGISTER: 4,
  KVP_OP_REGISTER1: 100,
});

export const hv_kvp_exchg_pool = enumeration('hv_kvp_exchg_pool', {
  KVP_POOL_EXTERNAL: 0,
  KVP_POOL_GUEST: 1,
  KVP_POOL_AUTO: 2,
  KVP_POOL_AUTO_EXTERNAL: 3,
  KVP_POOL_AUTO_INTERNAL: 4,
  KVP_POOL_COUNT: 5,
});

export const hv_kvp_value_type = enumeration('hv_kvp_value_type', {
  REG_SZ: 1,
  REG_U32: 4,
  REG_U64: 8,
});

export const hv_kvp_addr_family = enumeration('hv_kvp_addr_family', {
  ADDR_FAMILY_NONE: 0,
  ADDR_FAMILY_IPV4: 1,
  ADDR_FAMILY_IPV6: 2,
});

export const hv_kvp_limits = enumeration('hv_kvp_limits', {
  HV_KVP_EXCHANGE_MAX_KEY_SIZE: 512,
  HV_KVP_EXCHANGE_MAX_VALUE_SIZE: 0x800,
  MAX_ADAPTER_ID_SIZE: 128,
  MAX_IP_ADDR_SIZE: 0x400,
  MAX_GATEWAY_SIZE: 512,
});

export const hv_kvp_hdr = struct(
  'hv_kvp_hdr',
  0x4,
  { operation: u8.as(hv_kvp_exchg_op), pool: u8.as(hv_kvp_exchg_pool), pad: rsvd(u16) },
  UAPI_HYPERV,
);

export const hv_kvp_exchg_msg_value = struct(
  'hv_kvp_exchg_msg_value',
  0xa0c,
  {
    value_type: u32.as(hv_kvp_value_type),
    key_size: u32,
    value_size: u32,
    key: bytes(512, 'utf16'),
    content: anon(
      union(
        { value: bytes(2048, 'utf16'), value_u32: u32, value_u64: u64 },
        {
          by: 'value_type',
          of: {
            [hv_kvp_value_type.REG_SZ]: 'value',
            [hv_kvp_value_type.REG_U32]: 'value_u32',
            [hv_kvp_value_type.REG_U64]: 'value_u64',
          },
          otherwise: 'value',
        },
      ),
    ),
  },
  UAPI_HYPERV,
);

export const hv_kvp_msg_enumerate = struct(
  'hv_kvp_msg_enumerate',
  0xa10,
  { index: u32, data: hv_kvp_exchg_msg_value },
  UAPI_HYPERV,
);

export const hv_kvp_msg_get = struct('hv_kvp_msg_get', 0xa0c, { data: hv_kvp_exchg_msg_value }, UAPI_HYPERV);

export const hv_kvp_msg_set = struct('hv_kvp_msg_set', 0xa0c, { data: hv_kvp_exchg_msg_value }, UAPI_HYPERV);

export const hv_kvp_msg_delete = struct(
  'hv_kvp_msg_delete',
  0x204,
  { key_size: u32, key: bytes(512, 'utf16') },
  UAPI_HYPERV,
);

export const hv_kvp_register = struct('hv_kvp_register', 0x200, { version: bytes(512, 'utf8') }, UAPI_HYPERV);

export const hv_kvp_ipaddr_value = struct(
  'hv_kvp_ipaddr_value',
  0x1d02,
  {
    adapter_id: array(u16, 128),
    addr_family: u8.flagsOf(hv_kvp_addr_family),
    dhcp_enabled: u8,
    ip_addr: array(u16, 1024),
    sub_net: array(u16, 1024),
    gate_way: array(u16, 512),
    dns_addr: array(u16, 1024),
  },
  UAPI_HYPERV,
);

export const hv_kvp_msg = struct(
  'hv_kvp_msg',
  0x1d08,
  {
    hdr: anon(union({ kvp_hdr: hv_kvp_hdr, error: i32 }, { otherwise: 'kvp_hdr' })),
    body: union(
      {
        kvp_get: hv_kvp_msg_get,
        kvp_set: hv_kvp_msg_set,
        kvp_delete: hv_kvp_msg_delete,
        kvp_enum_data: hv_kvp_msg_enumerate,
        kvp_ip_val: hv_kvp_ipaddr_value,
        kvp_register: hv_kvp_register,
      },
      {
        by: 'hdr.kvp_hdr.operation',
        of: {
          [hv_kvp_exchg_op.KVP_OP_GET]: 'kvp_get',
          [hv_kvp_exchg_op.KVP_OP_SET]: 'kvp_set',
          [hv_kvp_exchg_op.KVP_OP_DELETE]: 'kvp_delete',
          [hv_kvp_exchg_op.KVP_OP_ENUMERATE]: 'kvp_enum_data',
          [hv_kvp_exchg_op.KVP_OP_GET_IP_INFO]: 'kvp_ip_val',
          [hv_kvp_exchg_op.KVP_OP_SET_IP_INFO]: 'kvp_ip_val',
          [hv_kvp_exchg_op.KVP_OP_REGISTER1]: 'kvp_register',
        },
        otherwise: 'kvp_ip_val',
      },
    ),
    padding_end: hole(2),
  },
  UAPI_HYPERV,
);

export const hv_kvp_ip_msg = struct(
  'hv_kvp_ip_msg',
  0x1d04,
  { operation: u8.as(hv_kvp_exchg_op), pool: u8.as(hv_kvp_exchg_pool), kvp_ip_val: hv_kvp_ipaddr_value },
  UAPI_HYPERV,
);
