import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import { bytesOf } from '../../src/bytes/span.js';
import { HypercallPages, type SharePage } from '../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import type { HypercallArea } from '../../src/ports/input-pages.js';
import { refuses } from './thrown.js';

const PAGE = 4096;
const FRAMES = 12;

interface Rig {
  memory: SharedGuestMemory;
  frames: PageFrameAllocator;
  pages: HypercallPages;
}

function rig(options: { cpus?: number; separateOutput?: boolean; share?: SharePage; dirty?: boolean } = {}): Rig {
  const memory = SharedGuestMemory.create(FRAMES * PAGE, { kernel: false });
  if (options.dirty) bytesOf(memory.window(0, FRAMES * PAGE)!).fill(0x99);
  const frames = PageFrameAllocator.create(0, FRAMES);
  const { cpus = 2, separateOutput = false, share } = options;
  const pages = HypercallPages.create(memory, frames, {
    cpus,
    separateOutput,
    ...(share === undefined ? {} : { share }),
  });
  return { memory, frames, pages };
}

function onlineRig(options: Parameters<typeof rig>[0] = {}): Rig {
  const made = rig(options);
  for (let cpu = 0; cpu < made.pages.cpus; cpu++) assert.is(made.pages.online(cpu), 'ready');
  return made;
}

const fill = (view: DataView, byte: number): void => {
  bytesOf(view).fill(byte);
};
const hexOf = (view: DataView): string => bytesToHex(bytesOf(view));

const areas = suite('hypercall areas');

const LENGTHS = [0, 1, 7, 8, 9, 40, 41, 2048, 2049, 4056, 4088, 4089, 4095, 4096];

areas('PVI-40, PVI-41: both areas in one page: 8-byte aligned, apart, inside it, input + output ≤ 4096', () => {
  const { pages } = onlineRig();
  for (const inputBytes of LENGTHS) {
    for (const outputBytes of LENGTHS) {
      const start = Math.ceil(inputBytes / 8) * 8;
      if (start + outputBytes > PAGE) {
        refuses('E_AREA', () => pages.withInputPage(0, inputBytes, outputBytes, () => assert.unreachable()));
        assert.is(pages.holder(0), 0);
        continue;
      }
      pages.withInputPage(0, inputBytes, outputBytes, ({ input, inputGpa, output, outputGpa }) => {
        assert.is(input.byteLength, inputBytes);
        assert.is(output.byteLength, outputBytes);
        if (inputBytes > 0) assert.is(inputGpa % PAGE, 0);
        else assert.is(inputGpa, 0);
        if (outputBytes === 0) assert.is(outputGpa, 0);
        else {
          assert.is(outputGpa % 8, 0);
          if (inputBytes > 0) assert.is(outputGpa, inputGpa + start);
          assert.is(Math.floor(outputGpa / PAGE), Math.floor((outputGpa + outputBytes - 1) / PAGE));
        }
      });
    }
  }
});

areas('PVI-40: root and VTL≠0: a page of its own for the output, each up to 4096', () => {
  const { pages } = onlineRig({ separateOutput: true });
  for (const inputBytes of LENGTHS)
    for (const outputBytes of LENGTHS)
      pages.withInputPage(1, inputBytes, outputBytes, ({ input, inputGpa, output, outputGpa }) => {
        assert.is(input.byteLength, inputBytes);
        assert.is(output.byteLength, outputBytes);
        assert.is(inputGpa % PAGE, 0);
        assert.is(outputGpa % PAGE, 0);
        if (inputBytes > 0 && outputBytes > 0) assert.is(outputGpa, inputGpa + PAGE);
      });
  refuses('E_AREA', () => pages.claim(0, 4097, 0));
  refuses('E_AREA', () => pages.claim(0, 0, 4097));
});

areas('the areas are the guest memory at their addresses', () => {
  for (const separateOutput of [false, true]) {
    const { memory, pages } = onlineRig({ separateOutput });
    pages.withInputPage(1, 40, 16, ({ input, inputGpa, output, outputGpa }) => {
      input.setUint32(36, 0x1111_2222, true);
      output.setUint32(12, 0x3333_4444, true);
      assert.is(memory.readU32(inputGpa + 36), 0x1111_2222);
      assert.is(memory.readU32(outputGpa + 12), 0x3333_4444);
    });
  }
});

areas('lengths and CPUs that are none are refused', () => {
  const { pages } = onlineRig();
  for (const bytes of [-1, 0.5, Number.NaN, 4097, 2 ** 32]) {
    refuses('E_AREA', () => pages.claim(0, bytes, 0));
    refuses('E_AREA', () => pages.claim(0, 0, bytes));
  }
  for (const zeroed of [-1, Number.NaN]) refuses('E_AREA', () => pages.claim(0, 8, 0, zeroed));
  for (const cpu of [-1, 2, 0.5, Number.NaN]) {
    refuses('E_AREA', () => pages.claim(cpu, 8, 0));
    refuses('E_AREA', () => pages.online(cpu));
    refuses('E_AREA', () => pages.reclaim(cpu, 1));
  }
  assert.is(pages.holder(0), 0);
  for (const cpus of [0, -1, 0.5, Number.NaN]) refuses('E_AREA', () => rig({ cpus }));
});

areas('a claim makes nothing new: the same lengths are the same object', () => {
  const { pages } = onlineRig();
  const claim = (inputBytes: number): HypercallArea => {
    const area = pages.claim(0, inputBytes, 8);
    pages.release(0);
    return area;
  };
  const [short, long] = [claim(40), claim(4000)];
  for (let i = 0; i < 10; i++) {
    assert.is(claim(40), short);
    assert.is(claim(4000), long);
  }
});

areas.run();

const stale = suite('hypercall pages: what a call finds in its input');

stale('COM-04: nothing of earlier calls, whatever their lengths; the output area is left as it is', () => {
  for (const separateOutput of [false, true]) {
    const { memory, pages } = onlineRig({ separateOutput });
    for (const [inputBytes, outputBytes] of [
      [40, 0],
      [4056, 0],
      [40, 0],
      [41, 16],
      [8, 3000],
      [3000, 0],
      [0, 4096],
      [4096, 0],
      [44, 0],
      [4096, 0],
    ] as const) {
      pages.withInputPage(0, inputBytes, outputBytes, ({ input, inputGpa, output }) => {
        assert.is(hexOf(input), '00'.repeat(inputBytes), `${inputBytes} in, ${outputBytes} out`);
        fill(input, 0xaa);
        fill(output, 0xbb);
        if (inputBytes > 0) assert.is(memory.readU8(inputGpa), 0xaa);
      });
    }
    pages.withInputPage(0, 0, 64, ({ output }) => fill(output, 0x12));
    pages.withInputPage(0, 0, 64, ({ output }) => assert.is(hexOf(output), '12'.repeat(64)));
  }
});

stale('COM-04: the header alone where the caller promises to write the list in full', () => {
  const { pages } = onlineRig();
  pages.withInputPage(0, 200, 0, ({ input }) => fill(input, 0xaa));
  pages.withInputPage(0, 120, 0, ({ input }) => assert.is(hexOf(input), '00'.repeat(40) + 'aa'.repeat(80)), 40);
  // The bytes behind stay dirty for whoever promises nothing.
  pages.withInputPage(0, 200, 0, ({ input }) => assert.is(hexOf(input), '00'.repeat(200)));
});

stale('only what may be dirty is zeroed, nothing around the areas is touched', () => {
  const { memory, pages } = onlineRig();
  const gpa = pages.withInputPage(0, 64, 0, ({ inputGpa }) => inputGpa);
  const page = memory.window(gpa, PAGE)!;
  // Bytes that no call ever lent: canaries.
  bytesOf(page, 64).fill(0xc5);
  for (const [inputBytes, outputBytes] of [
    [64, 0],
    [13, 19],
    [30, 32],
    [1, 1],
    [40, 24],
  ] as const) {
    pages.withInputPage(0, inputBytes, outputBytes, ({ input, output }) => {
      const before = bytesToHex(bytesOf(page));
      fill(input, 0x5a);
      fill(output, 0xa5);
      const start = Math.ceil(inputBytes / 8) * 8;
      const gap = before.slice(2 * inputBytes, 2 * start);
      const end = outputBytes > 0 ? start + outputBytes : start;
      const expected = `${'5a'.repeat(inputBytes)}${gap}${'a5'.repeat(outputBytes)}${before.slice(2 * end)}`;
      assert.is(bytesToHex(bytesOf(page)), expected);
    });
    assert.is(bytesToHex(bytesOf(page, 64)), 'c5'.repeat(PAGE - 64));
  }
});

stale.run();

const entry = suite('hypercall pages: one at a time');

entry('COM-03: re-entry on a CPU throws, another CPU may; afterwards the page is free', () => {
  const { pages } = onlineRig();
  const result = pages.withInputPage(0, 40, 0, () => {
    refuses('E_REENTRY', () => pages.withInputPage(0, 8, 0, () => assert.unreachable()));
    refuses('E_REENTRY', () => pages.claim(0, 8, 0));
    refuses('E_REENTRY', () => pages.online(0));
    assert.is(pages.holder(0), pages.owner);
    return pages.withInputPage(1, 8, 0, () => 'inner');
  });
  assert.is(result, 'inner');
  assert.is(pages.holder(0), 0);
  assert.is(pages.holder(1), 0);
});

entry('COM-03: another attachment is refused as well, and cannot give back what it does not have', () => {
  const { memory, frames, pages } = onlineRig();
  const other = HypercallPages.attach(memory, frames, pages.words);
  assert.is.not(other.owner, pages.owner);
  const area = other.claim(0, 8, 0);
  refuses('E_REENTRY', () => pages.claim(0, 8, 0));
  refuses('E_REENTRY', () => pages.release(0));
  other.release(0);
  refuses('E_REENTRY', () => other.release(0));
  assert.is(pages.claim(0, 8, 0).inputGpa, area.inputGpa);
  pages.release(0);
});

entry('what throws gives the page back', () => {
  const { pages } = onlineRig();
  assert.throws(
    () =>
      pages.withInputPage(0, 8, 0, () => {
        throw new TypeError('of the caller');
      }),
    (error: unknown) => error instanceof TypeError,
  );
  assert.is(pages.holder(0), 0);
});

entry('COM-03: a function that goes on later is refused', () => {
  const { pages } = onlineRig();
  refuses('E_REENTRY', () => pages.withInputPage(0, 8, 0, async () => undefined));
  assert.is(pages.holder(0), 0);
});

entry('words that hold no pages are refused', () => {
  const { memory, frames } = rig();
  refuses('E_AREA', () => HypercallPages.attach(memory, frames, new Int32Array(64)));
  refuses('E_AREA', () => HypercallPages.attach(memory, frames, new Int32Array(0)));
});

entry.run();

const cpus = suite('hypercall pages: CPUs come and go');

cpus('PVI-42: zeroed at allocation, one frame or two in a row', () => {
  for (const separateOutput of [false, true]) {
    const { pages, frames } = rig({ separateOutput, dirty: true });
    refuses('E_AREA', () => pages.claim(0, 8, 0));
    assert.is(pages.holder(0), 0);
    assert.is(pages.online(0), 'ready');
    assert.is(frames.free, FRAMES - (separateOutput ? 2 : 1));
    pages.withInputPage(0, PAGE, 0, ({ input }) => assert.is(hexOf(input), '00'.repeat(PAGE)));
    if (separateOutput) pages.withInputPage(0, 0, PAGE, ({ output }) => assert.is(hexOf(output), '00'.repeat(PAGE)));
    refuses('E_AREA', () => pages.claim(1, 8, 0));
  }
});

cpus('PVI-42: a page survives its CPU going offline, and is there when it comes back', () => {
  const { pages, frames } = onlineRig();
  const free = frames.free;
  const gpa = pages.withInputPage(0, 8, 0, ({ inputGpa }) => inputGpa);
  assert.is(pages.isOnline(0), true);
  pages.offline(0);
  assert.is(pages.isOnline(0), false);
  assert.is(pages.isOnline(1), true);
  const offline = pages.withInputPage(0, 56, 0, ({ inputGpa }) => inputGpa);
  assert.is(offline, gpa, 'a retarget for the CPU that has gone');
  assert.is(pages.online(0), 'ready');
  assert.is(pages.isOnline(0), true);
  assert.is(
    pages.withInputPage(0, 8, 0, ({ inputGpa }) => inputGpa),
    gpa,
  );
  assert.is(frames.free, free);
});

cpus('no memory is a value, and a later try may succeed', () => {
  const { pages, frames } = rig({ separateOutput: true });
  const taken = frames.take(FRAMES - 1)!;
  assert.is(pages.online(0), 'no-memory');
  assert.is(pages.isOnline(0), false);
  refuses('E_AREA', () => pages.claim(0, 8, 0));
  frames.give(taken);
  assert.is(pages.online(0), 'ready');
});

cpus('PVI-42: a page that could not be shared is never returned', () => {
  for (const separateOutput of [false, true]) {
    const asked: number[] = [];
    const { pages, frames } = rig({
      separateOutput,
      share: (pfn) => {
        asked.push(pfn);
        return asked.length !== (separateOutput ? 2 : 1);
      },
    });
    const per = separateOutput ? 2 : 1;
    assert.is(pages.online(0), 'not-shared');
    assert.is(pages.leakedPages, per);
    assert.is(frames.free, FRAMES - per);
    assert.is(pages.isOnline(0), false);
    refuses('E_AREA', () => pages.claim(0, 8, 0));
    const leaked = [...asked];
    assert.is(leaked.length, per);
    assert.is(pages.online(0), 'ready');
    assert.is(pages.leakedPages, per);
    const gpa = pages.withInputPage(0, 8, 0, ({ inputGpa }) => inputGpa);
    assert.not(leaked.includes(gpa / PAGE));
    const rest = frames.take(frames.free)!;
    for (const pfn of leaked) assert.not(rest.includes(pfn), 'nobody gets it');
  }
});

cpus('PVI-42: a callback that throws leaks the page too; sharing comes before zeroing', () => {
  let fail = true;
  const { memory, pages, frames } = rig({
    share: (pfn) => {
      if (fail) throw new Error('no answer');
      // What the page reads as once it is decrypted.
      bytesOf(memory.window(pfn * PAGE, PAGE)!).fill(0x66);
      return true;
    },
  });
  assert.throws(() => pages.online(0), 'no answer');
  assert.is(pages.leakedPages, 1);
  assert.is(frames.free, FRAMES - 1);
  assert.is(pages.holder(0), 0);
  fail = false;
  assert.is(pages.online(0), 'ready');
  pages.withInputPage(0, PAGE, 0, ({ input }) => assert.is(hexOf(input), '00'.repeat(PAGE)));
});

cpus('memory outside of this process is refused, and its frames go back', () => {
  const { memory, frames } = rig();
  const elsewhere = Object.create(memory, { window: { value: () => undefined } }) as SharedGuestMemory;
  const pages = HypercallPages.create(elsewhere, frames, { cpus: 1 });
  refuses('E_AREA', () => pages.online(0));
  assert.is(frames.free, FRAMES);
  assert.is(pages.holder(0), 0);
});

cpus.run();
