import { hv_input_map_device_gpa_pages } from '../../src/abi/hv/device-attach.js';
import { viewOf } from '../../src/bytes/span.js';
import { codecOf } from '../../src/layout/codec.js';
import { U64Seq } from '../../src/layout/seq.js';
import type { BenchCase } from '../case.js';
import { raceEncoders } from '../encode-race.js';
import * as microPacked from '../peers/micro-packed.js';
import { FULL_PAGE, pageBytes, pageValue, pfn } from '../samples.js';

const bench: BenchCase = {
  question: `How long does it take to write a full page of map_device_gpa_pages (${FULL_PAGE} entries) into an area at hand?`,
  run(pace) {
    const { encodeInto } = codecOf(hv_input_map_device_gpa_pages);
    const expected = pageBytes();
    const fromBigints = new Uint8Array(expected.length).fill(0xaa);
    const fromSeq = new Uint8Array(expected.length).fill(0xaa);
    const bigintsView = viewOf(fromBigints);
    const seqView = viewOf(fromSeq);
    const list = Array.from({ length: FULL_PAGE }, (_, i) => pfn(i));
    const ready = { ...pageValue, gpa_page_list: U64Seq.from(list) };
    const head = viewOf(expected);
    const flat = {
      partition_id: head.getBigUint64(0, true),
      owner_vtl: head.getUint8(8),
      padding0: new Uint8Array(7),
      domain_id: head.getBigUint64(0x10, true),
      target_vtl: head.getUint8(0x18),
      padding: new Uint8Array(3),
      map_flags: head.getUint32(0x1c, true),
      target_device_va_base: head.getBigUint64(0x20, true),
      gpa_page_list: list,
    };
    let made = new Uint8Array(0);
    return raceEncoders(
      [
        {
          name: 'hvabi, from an array of bigint',
          write: () => encodeInto(pageValue, bigintsView, 0),
          bytes: () => fromBigints,
        },
        { name: 'hvabi, from a U64Seq', write: () => encodeInto(ready, seqView, 0), bytes: () => fromSeq },
        {
          name: 'micro-packed',
          write: () => {
            made = microPacked.page.encode(flat) as Uint8Array<ArrayBuffer>;
            return made;
          },
          bytes: () => made,
        },
      ],
      expected,
      pace,
    );
  },
};

export default bench;
