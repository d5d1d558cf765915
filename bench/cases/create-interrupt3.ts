import * as assert from 'node:assert/strict';
import { pci_create_interrupt3 } from '../../src/abi/vpci/interrupt.js';
import { viewOf } from '../../src/bytes/span.js';
import { codecOf } from '../../src/layout/codec.js';
import { atLeast, type BenchCase } from '../case.js';
import * as binaryParser from '../peers/binary-parser.js';
import * as microPacked from '../peers/micro-packed.js';
import { figuresOf, race, ratio } from '../race.js';
import { interruptBytes, interruptValue } from '../samples.js';

const bench: BenchCase = {
  question: 'How long does PCI_CREATE_INTERRUPT_MESSAGE3 take, its 32 processors copied or lent?',
  run(pace) {
    const bytes = interruptBytes();
    const view = viewOf(bytes);
    const { decodeAt, lendAt } = codecOf(pci_create_interrupt3);

    const want = interruptValue;
    const processors = Array.from(want.int_desc.processor_array);
    const flat = {
      ...want.int_desc,
      message_type: want.message_type.type,
      wslot: 0x68,
      reserved: 0,
      processor_array: processors,
    };
    assert.deepEqual(decodeAt(view, 0), { ...want, wslot: { ...want.wslot, reserved: 0 } });
    const lent = lendAt(view, 0);
    assert.deepEqual(lent.int_desc.processor_array.toArray(), processors);
    assert.equal(lent.int_desc.vector, want.int_desc.vector);
    assert.deepEqual({ ...binaryParser.interrupt.parse(bytes) }, flat);
    assert.deepEqual(microPacked.interrupt.decode(bytes), flat);

    const timings = race(
      [
        { name: 'hvabi', each: 1, run: () => decodeAt(view, 0) },
        { name: 'hvabi, array lent', each: 1, run: () => lendAt(view, 0) },
        { name: 'binary-parser', each: 1, run: () => binaryParser.interrupt.parse(bytes) },
        { name: 'micro-packed', each: 1, run: () => microPacked.interrupt.decode(bytes) },
      ],
      pace,
    );
    return {
      figures: figuresOf(timings.values()),
      bars: [
        atLeast('plain value, faster than binary-parser', ratio(timings, 'hvabi', 'binary-parser'), 6, '×'),
        atLeast('array lent, faster than binary-parser', ratio(timings, 'hvabi, array lent', 'binary-parser'), 10, '×'),
      ],
    };
  },
};

export default bench;
