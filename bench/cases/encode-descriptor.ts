import { vmpacket_descriptor } from '../../src/abi/vmbus/packet.js';
import { viewOf } from '../../src/bytes/span.js';
import { codecOf } from '../../src/layout/codec.js';
import type { BenchCase } from '../case.js';
import { raceEncoders } from '../encode-race.js';
import { type Descriptor, writeDescriptor } from '../peers/hand-written.js';
import * as microPacked from '../peers/micro-packed.js';
import { descriptorBytes, descriptorValue } from '../samples.js';

const bench: BenchCase = {
  question: 'How long does it take to write a 16-byte packet descriptor into an area at hand?',
  run(pace) {
    const { encodeInto } = codecOf(vmpacket_descriptor);
    const ours = new Uint8Array(16).fill(0xaa);
    const byHand = new Uint8Array(16);
    const oursView = viewOf(ours);
    const byHandView = viewOf(byHand);
    const value = descriptorValue as Descriptor;
    let made = new Uint8Array(0);
    return raceEncoders(
      [
        { name: 'hvabi', write: () => encodeInto(descriptorValue, oursView, 0), bytes: () => ours },
        { name: 'hand-written DataView', write: () => writeDescriptor(value, byHandView, 0), bytes: () => byHand },
        {
          name: 'micro-packed',
          write: () => {
            made = microPacked.descriptor.encode(value) as Uint8Array<ArrayBuffer>;
            return made;
          },
          bytes: () => made,
        },
      ],
      descriptorBytes(),
      pace,
    );
  },
};

export default bench;
