import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import { callOnPage } from '../../src/hypercall/page-call.js';
import { HypercallPages } from '../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import { CallsOnlyGate } from '../../src/rig/compare/calls-only-gate.js';

const calls = suite('a call on the page of a CPU');

const PAGE = 4096;
const CPU = 1;
const OUTPUT = Uint8Array.of(0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8);

/** Answers with a status, and writes to the output area whatever it answers. */
class WritingGate extends CallsOnlyGate {
  override readonly vp = 9;
  readonly made: { readonly control: readonly number[]; readonly input: string; readonly outputGpa: number }[] = [];
  status = 0;
  private readonly memory: SharedGuestMemory;

  constructor(memory: SharedGuestMemory) {
    super();
    this.memory = memory;
  }

  hypercall(lo: number, hi: number, inputGpa: number, outputGpa: number): void {
    const input = new Uint8Array(16);
    this.memory.read(inputGpa, input);
    this.made.push({ control: [lo, hi], input: bytesToHex(input), outputGpa });
    if (outputGpa !== 0) this.memory.write(outputGpa, OUTPUT);
    this.resultLo = this.status;
    this.resultHi = 0;
  }
}

function rig(separateOutput: boolean) {
  const memory = SharedGuestMemory.create(64 * PAGE);
  const pages = HypercallPages.create(memory, PageFrameAllocator.create(8, 32), { cpus: 2, separateOutput });
  for (const cpu of [0, 1]) pages.online(cpu);
  return { pages, gate: new WritingGate(memory) };
}

for (const separateOutput of [true, false])
  calls(`IOMMU-06: output is copied behind a success and no refusal (a page of its own: ${separateOutput})`, () => {
    const { pages, gate } = rig(separateOutput);
    const untouched = 'eeeeeeeeeeeeeeee';
    for (const [status, want] of [
      [0x06, untouched],
      [0x0b, untouched],
      [0xffff, untouched],
      [0, bytesToHex(OUTPUT)],
    ] as const) {
      gate.status = status;
      const output = new Uint8Array(8).fill(0xee);
      callOnPage(pages, { cpu: CPU, gate }, 0x125n, new Uint8Array(16), output);
      assert.is(bytesToHex(output), want, `0x${status.toString(16)}`);
      assert.is(gate.resultLo, status, 'the result stays in the gate');
    }
  });

calls('COM-04: a call has its own bytes and none of an earlier one; the control word goes out as two halves', () => {
  const { pages, gate } = rig(false);
  callOnPage(pages, { cpu: CPU, gate }, 0x0123_4567_0000_00b1n, new Uint8Array(16).fill(0xcc));
  callOnPage(pages, { cpu: CPU, gate }, 0xc5n, Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  assert.equal(
    gate.made.map(({ control, input }) => [...control, input]),
    [
      [0xb1, 0x01234567, 'cc'.repeat(16)],
      [0xc5, 0, `01020304${'00'.repeat(12)}`],
    ],
  );
});

calls('COM-03: the page is given back, and a call inside of a call on the same CPU is refused', () => {
  const { pages, gate } = rig(false);
  const inner = { vp: 9, hypercall: () => callOnPage(pages, { cpu: CPU, gate }, 1n, new Uint8Array(8)) };
  const nested = Object.assign(Object.create(gate) as WritingGate, inner);
  assert.throws(() => callOnPage(pages, { cpu: CPU, gate: nested }, 1n, new Uint8Array(8)));
  assert.is(gate.made.length, 0);
  callOnPage(pages, { cpu: CPU, gate }, 1n, new Uint8Array(8));
  assert.is(gate.made.length, 1);
});

calls.run();
