import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_input_map_device_gpa_pages, hv_input_unmap_device_gpa_pages } from '../../src/abi/hv/device-attach.js';
import { hv_input_flush_device_domain_list } from '../../src/abi/hv/device-domain-flush.js';
import { hv_deposit_memory } from '../../src/abi/hv/memory.js';
import { hv_tlb_flush } from '../../src/abi/hv/tlb.js';
import { AbiError, type ErrorCode } from '../../src/bytes/errors.js';
import { fillConsecutive } from '../../src/bytes/fill.js';
import { bytesToHex } from '../../src/bytes/hex.js';
import { bytesOf } from '../../src/bytes/span.js';
import { batchLimit } from '../../src/hypercall/batch.js';
import {
  DepositBatch,
  FlushAddressBatch,
  FlushListBatch,
  type FrameFiller,
  type InputArea,
  MapBatch,
  UnmapBatch,
} from '../../src/hypercall/map-batch.js';
import { decodeAt, encode } from '../../src/layout/codec.js';
import type { Engine } from '../../src/layout/dispatch.js';
import { readProjectText } from '../support/project.js';

const ENGINES: readonly Engine[] = ['compiled', 'interpreted'];
const GPA = 0x7000;
const PAGE = 4096;
const CANARY = 64;
const STALE = 0xaa;

/** A page of shared memory full of an earlier call's bytes, with guards around it. */
function stalePage(size = PAGE): InputArea & { readonly all: Uint8Array } {
  const all = new Uint8Array(new SharedArrayBuffer(size + 2 * CANARY)).fill(STALE);
  return { all, input: new DataView(all.buffer, CANARY, size), inputGpa: GPA };
}

/** What was written, once nothing behind it or around the area is touched. */
function written(area: InputArea & { readonly all: Uint8Array }, length: number): string {
  const around = [...area.all.subarray(0, CANARY), ...area.all.subarray(CANARY + length)];
  assert.ok(
    around.every((byte) => byte === STALE),
    'only the input is written',
  );
  return bytesToHex(bytesOf(area.input, 0, length));
}

/** Writes into `area` by GPA, as guest memory does. */
const fillerOf = (area: InputArea): FrameFiller => ({
  fillPfns: (gpa, first, count) => fillConsecutive(area.input, gpa - area.inputGpa, first, count),
});

const numbers = (first: number, count: number, step = 1): bigint[] =>
  Array.from({ length: count }, (_, i) => BigInt(first) + BigInt(i * step));

const domain = {
  partition_id: 0xffff_ffff_ffff_ffffn,
  owner_vtl: { target_vtl: 2, use_target_vtl: true },
  domain_id: { type: 1, id: 0x8000_0007 },
};
const target = { device_domain: domain, target_vtl: { target_vtl: 1, use_target_vtl: true }, map_flags: 0x8000_0003 };

/** First frame or page, reps, page of the address. */
const RANGES = [
  [0, 1, 0],
  [0x2_dc00, 507, 0x4_1000],
  [0xffff_fffe, 5, 0xf_ffff],
  [2 ** 52 - 507, 507, 2 ** 52 - 507],
  [2 ** 40 + 3, 9, 2 ** 20],
  [0x7fff_ffff, 2, 2 ** 31],
] as const;

const maps = suite('map batch');

for (const engine of ENGINES) {
  for (const [first, count, page] of RANGES) {
    for (const way of ['plain', 'filler'] as const) {
      maps(`${count} frames from 0x${first.toString(16)}, ${way}, as the ${engine} encoder writes them`, () => {
        const area = stalePage();
        const batch = new MapBatch(target, way === 'filler' ? fillerOf(area) : undefined);
        const value = {
          ...target,
          target_device_va_base: BigInt(page) << 12n,
          gpa_page_list: numbers(first, count),
        };
        const length = batch.write(area, page, first, count);
        assert.is(written(area, length), bytesToHex(encode(hv_input_map_device_gpa_pages, value, engine)));
      });
    }
  }
}

maps('a filler is given the GPA behind the header, the first frame and the count', () => {
  const calls: number[][] = [];
  const area = stalePage();
  new MapBatch(target, { fillPfns: (...all) => calls.push(all) }).write(area, 1, 0x1_0000_0000, 507);
  new DepositBatch(1n, { fillPfns: (...all) => calls.push(all) }).write(area, 7, 511);
  assert.equal(calls, [
    [GPA + 40, 0x1_0000_0000, 507],
    [GPA + 8, 7, 511],
  ]);
});

maps('a second call leaves nothing of the first in its sent part', () => {
  const area = stalePage();
  const batch = new MapBatch(target);
  batch.write(area, 5, 900, 507);
  const length = batch.write(area, 2 ** 33, 17, 3);
  const value = { ...target, target_device_va_base: 1n << 45n, gpa_page_list: numbers(17, 3) };
  assert.is(bytesToHex(bytesOf(area.input, 0, length)), bytesToHex(encode(hv_input_map_device_gpa_pages, value)));
});

interface Recorded {
  readonly code?: string;
  readonly reps?: number;
  readonly in?: string;
}

const recorded = readProjectText('fixtures', 'captures', 'map-device-gpa-pages.jsonl')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Recorded);

/** Inputs of one call code as the driver sent them. */
function sent(code: string): { bytes: Uint8Array; reps: number }[] {
  return recorded
    .filter((record) => record.code === code)
    .map((record) => ({ bytes: new Uint8Array(Buffer.from(record.in ?? '', 'hex')), reps: record.reps ?? 0 }));
}

maps('the calls of the Linux root IOMMU driver', () => {
  const calls = sent('0xb3');
  assert.equal(
    calls.map(({ reps }) => reps),
    [507, 27],
  );
  for (const { bytes, reps } of calls) {
    const { gpa_page_list, target_device_va_base, ...rest } = decodeAt(
      hv_input_map_device_gpa_pages,
      new DataView(bytes.buffer),
      0,
    );
    const area = stalePage();
    const first = Number(gpa_page_list.at(0));
    const length = new MapBatch(rest).write(area, Number(target_device_va_base >> 12n), first, reps);
    assert.is(written(area, length), bytesToHex(bytes));
  }
});

maps.run();

const others = suite('other batches');

for (const engine of ENGINES) {
  for (const [first, count, page] of RANGES) {
    others(`unmap from page 0x${page.toString(16)}, ${engine}`, () => {
      const area = stalePage();
      const value = { device_domain: domain, target_device_va_base: BigInt(page) << 12n };
      const length = new UnmapBatch({ device_domain: domain }).write(area, page, 4095);
      assert.is(written(area, length), bytesToHex(encode(hv_input_unmap_device_gpa_pages, value, engine)));
    });

    for (const way of ['plain', 'filler'] as const) {
      others(`deposit ${count} frames from 0x${first.toString(16)}, ${way}, ${engine}`, () => {
        const area = stalePage();
        const batch = new DepositBatch(0x1234_5678_9abc_def0n, way === 'filler' ? fillerOf(area) : undefined);
        const value = { partition_id: 0x1234_5678_9abc_def0n, gpa_page_list: numbers(first, count) };
        const length = batch.write(area, first, count);
        assert.is(written(area, length), bytesToHex(encode(hv_deposit_memory, value, engine)));
      });
    }
  }

  const LISTS = [
    [0x4_1000, 3, 0],
    [0xf_ffff, 2, 0],
    [2 ** 32, 508, 9],
    [2 ** 51, 1, 51],
  ] as const;
  for (const [first, count, shift] of LISTS) {
    others(`flush ${count} ranges of 2^${shift} pages from 0x${first.toString(16)}, ${engine}`, () => {
      const area = stalePage();
      const type = hv_input_flush_device_domain_list.of['series-pviommu'];
      const head = { device_domain: domain, flags: 1 };
      const pages = numbers(first, count, 2 ** shift);
      const iova_list = pages.map((page_number) => ({ page_mask_shift: shift, reserved: 0, page_number }));
      const length = new FlushListBatch(head).write(area, first, count, shift);
      assert.is(written(area, length), bytesToHex(encode(type, { ...head, iova_list }, engine)));
    });
  }

  const ADDRESSES = [
    [0x7f_ffff_ffff, 509, 1],
    [0, 2, 4096],
    [2 ** 52 - 6, 3, 2],
  ] as const;
  for (const [first, count, pagesEach] of ADDRESSES) {
    others(`flush ${count} × ${pagesEach} pages of addresses from 0x${first.toString(16)}, ${engine}`, () => {
      const area = stalePage();
      const head = { address_space: 0x1_0000_2000n, flags: 4n, processor_mask: 0x8000_0000_0000_0001n };
      const gva_list = numbers(first, count, pagesEach).map((page) => (page << 12n) | BigInt(pagesEach - 1));
      const length = new FlushAddressBatch(head).write(area, first, count, pagesEach);
      assert.is(written(area, length), bytesToHex(encode(hv_tlb_flush, { ...head, gva_list }, engine)));
    });
  }
}

others('the unmap of the Linux root IOMMU driver', () => {
  const [call] = sent('0xb4');
  const { target_device_va_base, ...rest } = decodeAt(
    hv_input_unmap_device_gpa_pages,
    new DataView(call!.bytes.buffer as ArrayBuffer),
    0,
  );
  const area = stalePage();
  const length = new UnmapBatch(rest).write(area, Number(target_device_va_base >> 12n), call!.reps);
  assert.is(written(area, length), bytesToHex(call!.bytes));
});

others.run();

const bounds = suite('batch bounds');

type Writer = { readonly call: Parameters<typeof batchLimit>[0]; write(area: InputArea, count: number): number };

const WRITERS: Readonly<Record<string, Writer>> = {
  map: on(new MapBatch(target), (batch, area, count) => batch.write(area, 1, 1, count)),
  unmap: on(new UnmapBatch({ device_domain: domain }), (batch, area, count) => batch.write(area, 1, count)),
  deposit: on(new DepositBatch(1n), (batch, area, count) => batch.write(area, 1, count)),
  'flush list': on(new FlushListBatch({ device_domain: domain, flags: 0 }), (batch, area, count) =>
    batch.write(area, 1, count),
  ),
  'flush addresses': on(
    new FlushAddressBatch({ address_space: 0n, flags: 0n, processor_mask: 1n }),
    (batch, area, count) => batch.write(area, 1, count),
  ),
};

function on<B extends { readonly call: Writer['call'] }>(
  batch: B,
  write: (batch: B, area: InputArea, count: number) => number,
): Writer {
  return { call: batch.call, write: (area, count) => write(batch, area, count) };
}

function refuses(code: ErrorCode, run: () => unknown): void {
  assert.throws(run, (error: unknown) => error instanceof AbiError && error.code === code);
}

for (const [name, writer] of Object.entries(WRITERS)) {
  const { maxReps } = batchLimit(writer.call);

  bounds(`${name}: ${maxReps} reps fit a page, one more or none do not, nothing is written`, () => {
    assert.ok(writer.write(stalePage(), maxReps) <= PAGE);
    for (const count of [maxReps + 1, 0, -1, Number.NaN]) {
      const area = stalePage();
      refuses('E_RANGE', () => writer.write(area, count));
      written(area, 0);
    }
  });

  bounds(`${name}: an area that is too small by one element is refused untouched`, () => {
    const length = writer.write(stalePage(), 3);
    assert.is(writer.write(stalePage(length), 3), length);
    const area = stalePage(length - 8);
    refuses('E_LENGTH', () => writer.write(area, 3));
    written(area, 0);
  });
}

bounds('ranges of a flush entry', () => {
  const list = new FlushListBatch({ device_domain: domain, flags: 0 });
  for (const shift of [-1, 52, Number.NaN]) refuses('E_RANGE', () => list.write(stalePage(), 0, 1, shift));
  const addresses = new FlushAddressBatch({ address_space: 0n, flags: 0n, processor_mask: 1n });
  for (const pages of [0, 4097, Number.NaN]) refuses('E_RANGE', () => addresses.write(stalePage(), 0, 1, pages));
});

bounds.run();
