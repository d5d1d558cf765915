import { hypercall } from '../../layout/hypercall.js';
import {
  hv_input_create_partition,
  hv_input_delete_partition,
  hv_input_finalize_partition,
  hv_input_initialize_partition,
  hv_output_create_partition,
  hv_output_get_partition_id,
} from '../hv/partition.js';
import {
  hv_input_get_partition_property,
  hv_input_get_partition_property_ex,
  hv_input_set_partition_property,
  hv_output_get_partition_property,
  hv_output_get_partition_property_ex,
} from '../hv/partition-property.js';
import { HVGDK_MINI } from '../origin.js';

// Partitions: life cycle, identity, properties.

export const HVCALL_CREATE_PARTITION = hypercall('HVCALL_CREATE_PARTITION', 0x0040, HVGDK_MINI, {
  input: hv_input_create_partition,
  output: hv_output_create_partition,
  alias: ['HvCallCreatePartition'],
});

export const HVCALL_INITIALIZE_PARTITION = hypercall('HVCALL_INITIALIZE_PARTITION', 0x0041, HVGDK_MINI, {
  input: hv_input_initialize_partition,
  fast: 8,
  alias: ['HvCallInitializePartition'],
});

export const HVCALL_FINALIZE_PARTITION = hypercall('HVCALL_FINALIZE_PARTITION', 0x0042, HVGDK_MINI, {
  input: hv_input_finalize_partition,
  fast: 8,
  alias: ['HvCallFinalizePartition'],
});

export const HVCALL_DELETE_PARTITION = hypercall('HVCALL_DELETE_PARTITION', 0x0043, HVGDK_MINI, {
  input: hv_input_delete_partition,
  fast: 8,
  alias: ['HvCallDeletePartition'],
});

export const HVCALL_GET_PARTITION_PROPERTY = hypercall('HVCALL_GET_PARTITION_PROPERTY', 0x0044, HVGDK_MINI, {
  input: hv_input_get_partition_property,
  output: hv_output_get_partition_property,
  alias: ['HvCallGetPartitionProperty'],
});

export const HVCALL_SET_PARTITION_PROPERTY = hypercall('HVCALL_SET_PARTITION_PROPERTY', 0x0045, HVGDK_MINI, {
  input: hv_input_set_partition_property,
  alias: ['HvCallSetPartitionProperty'],
});

export const HVCALL_GET_PARTITION_ID = hypercall('HVCALL_GET_PARTITION_ID', 0x0046, HVGDK_MINI, {
  output: hv_output_get_partition_id,
  alias: ['HvCallGetPartitionId'],
});

export const HVCALL_GET_PARTITION_PROPERTY_EX = hypercall('HVCALL_GET_PARTITION_PROPERTY_EX', 0x0101, HVGDK_MINI, {
  input: hv_input_get_partition_property_ex,
  output: hv_output_get_partition_property_ex,
  alias: ['HvCallGetPartitionPropertyEx'],
});
