import * as P from 'micro-packed';
import { FULL_PAGE } from '../samples.js';

// The structs as a user of micro-packed 0.11.1 writes them. Bit-fields stay whole words: its own go from the top.

export const descriptor = P.struct({
  type: P.U16LE,
  offset8: P.U16LE,
  len8: P.U16LE,
  flags: P.U16LE,
  trans_id: P.U64LE,
});

export const interrupt = P.struct({
  message_type: P.U32LE,
  wslot: P.U32LE,
  vector: P.U32LE,
  delivery_mode: P.U8,
  reserved: P.U8,
  vector_count: P.U16LE,
  processor_count: P.U16LE,
  processor_array: P.array(32, P.U16LE),
});

export const page = P.struct({
  partition_id: P.U64LE,
  owner_vtl: P.U8,
  padding0: P.bytes(7),
  domain_id: P.U64LE,
  target_vtl: P.U8,
  padding: P.bytes(3),
  map_flags: P.U32LE,
  target_device_va_base: P.U64LE,
  gpa_page_list: P.array(FULL_PAGE, P.U64LE),
});
