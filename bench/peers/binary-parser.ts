import { Parser } from 'binary-parser';
import { FULL_PAGE } from '../samples.js';

// The structs as a user of binary-parser 2.3.0 writes them. Bit-fields stay whole words: it has no C order for them,
// and leaving the split out makes its work less, not more.

const little = (): Parser => new Parser().endianness('little');

export const descriptor = little().uint16('type').uint16('offset8').uint16('len8').uint16('flags').uint64('trans_id');

export const interrupt = little()
  .uint32('message_type')
  .uint32('wslot')
  .uint32('vector')
  .uint8('delivery_mode')
  .uint8('reserved')
  .uint16('vector_count')
  .uint16('processor_count')
  .array('processor_array', { type: 'uint16le', length: 32 });

export const page = little()
  .uint64('partition_id')
  .uint8('owner_vtl')
  .buffer('padding0', { length: 7 })
  .uint64('domain_id')
  .uint8('target_vtl')
  .buffer('padding', { length: 3 })
  .uint32('map_flags')
  .uint64('target_device_va_base')
  .array('gpa_page_list', { type: 'uint64le', length: FULL_PAGE });
