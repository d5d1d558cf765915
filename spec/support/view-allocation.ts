// A program, run with --expose-gc and a young generation that holds all it could allocate: prints the bytes allocated by
// 1e6 field reads, then by as many reads of a bigint, as a control that the measure sees anything.
import { vmpacket_descriptor } from '../../src/abi/vmbus/packet.js';
import { pci_create_interrupt3 } from '../../src/abi/vpci/interrupt.js';
import { view } from '../../src/layout/view.js';
import { randomBytes } from './random.js';

const READS = 1_000_000;
const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error('run with --expose-gc');

const memory = randomBytes(4096, 1);
const packet = view(vmpacket_descriptor, memory, 16);
const interrupt = view(pci_create_interrupt3, memory, 100);

let sink = 0;

function readFields(times: number): void {
  for (let i = 0; i < times; i++) {
    sink =
      (sink +
        packet.type +
        packet.len8 +
        packet.trans_id_lo +
        packet.trans_id_hi +
        interrupt.wslot.dev +
        interrupt.wslot.func +
        interrupt.int_desc.vector +
        interrupt.int_desc.processor_array.at(i & 31)!) |
      0;
  }
}

function readBigints(times: number): void {
  for (let i = 0; i < times; i++) sink = (sink + (packet.trans_id === 0n ? 1 : 2)) | 0;
}

/** The least of several rounds: in the first ones the engine still compiles, and numbers over 2^31 are boxed until it has. */
function allocatedBy(read: (times: number) => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 6; round++) {
    collect!();
    const before = process.memoryUsage().heapUsed;
    read(READS);
    least = Math.min(least, process.memoryUsage().heapUsed - before);
  }
  return least;
}

const fields = allocatedBy(readFields);
const bigints = allocatedBy(readBigints);
process.stdout.write(`${JSON.stringify({ fields, bigints, sink })}\n`);
