import { pci_create_interrupt3 } from '../../src/abi/vpci/interrupt.js';
import { viewOf } from '../../src/bytes/span.js';
import { codecOf } from '../../src/layout/codec.js';
import type { BenchCase } from '../case.js';
import { raceEncoders } from '../encode-race.js';
import * as microPacked from '../peers/micro-packed.js';
import { interruptBytes, interruptValue } from '../samples.js';

const bench: BenchCase = {
  question: 'How long does it take to write PCI_CREATE_INTERRUPT_MESSAGE3 into an area at hand?',
  run(pace) {
    const { encodeInto } = codecOf(pci_create_interrupt3);
    const expected = interruptBytes();
    const ours = new Uint8Array(expected.length).fill(0xaa);
    const oursView = viewOf(ours);
    const { int_desc } = interruptValue;
    const flat = {
      message_type: interruptValue.message_type.type,
      wslot: viewOf(expected).getUint32(4, true),
      vector: int_desc.vector,
      delivery_mode: int_desc.delivery_mode,
      reserved: 0,
      vector_count: int_desc.vector_count,
      processor_count: int_desc.processor_count,
      processor_array: Array.from(int_desc.processor_array),
    };
    let made = new Uint8Array(0);
    return raceEncoders(
      [
        { name: 'hvabi', write: () => encodeInto(interruptValue, oursView, 0), bytes: () => ours },
        {
          name: 'micro-packed',
          write: () => {
            made = microPacked.interrupt.encode(flat) as Uint8Array<ArrayBuffer>;
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
