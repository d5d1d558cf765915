import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_ring_buffer } from '../../src/abi/vmbus/ring.js';
import * as controlPage from '../../src/ring/control-page.js';
import { signalsAfterRead, signalsAfterWrite } from '../../src/ring/signal-rule.js';
import { ringPair } from '../support/ring-pair.js';

const rules = suite('ring: signal rules');

rules('the control words are those of the declaration', () => {
  const words = {
    write_index: controlPage.WRITE_INDEX,
    read_index: controlPage.READ_INDEX,
    interrupt_mask: controlPage.INTERRUPT_MASK,
    pending_send_sz: controlPage.PENDING_SEND_SIZE,
    feature_bits: controlPage.FEATURE_BITS,
  };
  for (const [key, word] of Object.entries(words))
    assert.is(hv_ring_buffer.slots.find((slot) => slot.key === key)!.offset, word * 4, key);
  assert.is(hv_ring_buffer.slots.find(({ key }) => key === 'buffer')!.offset, controlPage.CONTROL_BYTES);
});

for (const [mask, read, before, signal] of [
  [0, 64, 64, true],
  [1, 64, 64, false],
  [0xffff_ffff, 64, 64, false],
  [0, 56, 64, false],
  [0, 72, 64, false],
  [0, 0, 0, true],
] as const)
  rules(`after a write: mask ${mask}, read index ${read}, batch began at ${before}`, () => {
    assert.is(signalsAfterWrite(mask, read, before), signal);
  });

for (const [pending, before, after, signal] of [
  [0, 0, 4088, false],
  [7, 0, 4088, false],
  [8, 0, 8, true],
  [2000, 1088, 2088, true],
  [2000, 88, 1088, false],
  [2000, 2088, 3088, false],
  [2000, 1992, 2000, true],
  [2000, 2000, 2008, false],
  [4088, 4080, 4088, true],
  [4095, 4080, 4088, true],
  [4096, 4080, 4088, false],
  [0xffff_ffff, 0, 4088, false],
] as const)
  rules(`after a read: ${pending} pending, ${before} free before, ${after} after`, () => {
    assert.is(signalsAfterRead(pending, before, after), signal);
  });

rules('Linux, which compares distances of the indices, says the same everywhere', () => {
  for (let pending = 0; pending <= 136; pending++)
    for (let before = 0; before <= 120; before += 8)
      for (let after = before + 8; after <= 120; after += 8) {
        const linux = pending !== 0 && before + 8 <= pending && after + 8 > pending;
        assert.is(signalsAfterRead(pending, before, after), linux, `${pending} ${before} ${after}`);
      }
});

const packet = { kind: 'in-band', payload: new Uint8Array(1000) } as const;

rules('one publish and at most one signal for a batch', () => {
  const { writer, reader, control } = ringPair();
  reader.unmaskInterrupts();
  assert.is(writer.publish(), false, 'nothing to publish');
  assert.equal(writer.writeBatch([packet, packet, packet, packet, packet]), {
    written: 3,
    outcome: 'full',
    signal: true,
  });
  assert.is(control[0], 3072);
  assert.is(writer.writeBatch([{ kind: 'in-band', payload: new Uint8Array(0) }]).signal, false, 'it was not empty');
  assert.is([...reader.batch()].length, 4);
  assert.is(reader.release(), false, 'nobody waits');
  assert.is(writer.writeBatch([packet]).signal, true);
  assert.is(reader.unmaskInterrupts(), true, 'no signal will come for what is there');
  reader.maskInterrupts();
  reader.next();
  reader.release();
  assert.is(writer.writeBatch([packet]).signal, false, 'masked');
});

rules('a read that frees enough for the writer signals once', () => {
  const { writer, reader, control } = ringPair();
  assert.is(writer.writeBatch([packet, packet, packet, packet]).written, 3);
  assert.is(writer.requestSpace(2000), false);
  assert.is(control[3], 2000);
  const released = [1, 2, 3].map(() => reader.next() !== undefined && reader.release());
  assert.equal(released, [true, false, false], '1016 free, then 2040, 3064, 4088');
  assert.is(reader.release(), false, 'nothing more was read');
  assert.is(writer.requestSpace(2000), true);
  assert.is(control[3], 0, 'withdrawn');
});

rules('with the feature bit demanded, only a writer that announced it is signalled', () => {
  for (const [bits, signal] of [
    [1, true],
    [0, false],
    [2, false],
    [3, true],
  ] as const) {
    const { writer, reader, control } = ringPair(4096, 0, { reader: { needsFeatureBit: true } });
    assert.is(control[16], 1, 'a new writer announces it');
    writer.writeBatch([packet, packet, packet]);
    writer.requestSpace(2000);
    control[16] = bits;
    reader.next();
    assert.is(reader.release(), signal);
  }
});

rules('masks: a new reader masks, unless it only looks', () => {
  assert.is(ringPair().control[2], 1);
  const { reader, control } = ringPair(4096, 0, { reader: { interrupts: 'leave' } });
  assert.is(control[2], 0);
  assert.is(reader.interruptsUnmasked(), true);
  reader.maskInterrupts();
  assert.is(reader.interruptsUnmasked(), false);
});

rules.run();
