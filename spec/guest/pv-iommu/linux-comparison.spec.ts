import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { PagingDomain } from '../../../src/guest/pv-iommu/paging-domain.js';
import type { PvDevice } from '../../../src/guest/pv-iommu/pv-device.js';
import type { PvIommu } from '../../../src/guest/pv-iommu/pv-iommu.js';
import { readProjectText } from '../../support/project.js';
import { type Leaf, leavesOf, linuxRecording, type RecordedCall, tableWords } from './linux-recording.js';
import { walk } from './page-walk.js';
import { DOMAIN, got, PREFIX, PvRig } from './rig.js';

const linux = suite('pvIOMMU: as the Linux series does');

const recording = linuxRecording();
const recorded = recording.steps.filter((step): step is RecordedCall => 'control' in step);
const words = tableWords(recording);
const readWord = (gpa: bigint): bigint => words.get(gpa) ?? 0n;
/** Root of the recorded domain 4, from its configuration. */
const ROOT = BigInt(recording.tables.find(({ level }) => level === 4)!.gpa);
const { leaves } = leavesOf(readWord, ROOT);

/** Where the pages of a VFIO mapping lay, as runs that follow each other in guest memory. */
function runsOf(iova: bigint, size: bigint): { iova: bigint; gpa: bigint; length: bigint }[] {
  const runs: { iova: bigint; gpa: bigint; length: bigint }[] = [];
  for (const leaf of leaves.filter((one) => one.iova >= iova && one.iova < iova + size)) {
    const length = 1n << BigInt(leaf.pageBits);
    const last = runs.at(-1);
    if (last !== undefined && last.gpa + last.length === leaf.gpa) last.length += length;
    else runs.push({ iova: leaf.iova, gpa: leaf.gpa, length });
  }
  return runs;
}

/** The root of a table is where the guest's memory had a free page. */
const withoutRoot = (input: string, control: string): string =>
  control.endsWith('ce') ? `${input.slice(0, 64)}${input.slice(64) === '0'.repeat(16) ? 'none' : 'root'}` : input;

interface Replayed {
  readonly rig: PvRig;
  /** Pages and table entries when all was mapped. */
  readonly mapped: { leaves: Leaf[]; tables: string[] };
}

/** Does what the recorded kernel's user did. */
function replay(): Replayed {
  const rig = new PvRig();
  const { calls } = rig.hypervisor;
  const iommu: PvIommu = got(rig.start({ onCpu: () => recorded[calls.length]?.cpu ?? 0 }));
  rig.ids.registerBus(DOMAIN, PREFIX);
  const device: PvDevice = got(iommu.add({ domain: DOMAIN, devfn: 0 }));
  let user: PagingDomain | undefined;
  let mapped: Replayed['mapped'] | undefined;
  const own = (): PagingDomain => {
    const domain = iommu.defaultOf(device);
    assert.instance(domain, PagingDomain);
    return domain as PagingDomain;
  };
  let section = '';
  for (const step of recording.steps) {
    if ('marker' in step) {
      if (step.marker.startsWith('section ')) section = step.marker;
      if (step.marker === 'section dma') got(iommu.changeDefault(device, 'paging'));
      if (step.marker === 'vfio all mapped')
        mapped = leavesOf((gpa) => rig.memory.readU64(Number(gpa)), BigInt(user!.table.rootFrame) << 12n);
      if (step.marker !== 'vfio closing') continue;
      iommu.attach(device, iommu.blocked);
      for (const [iova, pages] of [
        [0x40000000n, 1],
        [0x42000000n, 508],
        [0x7f00000000n, 1015],
      ] as const)
        assert.is(user!.unmap(iova, pages * 4096), pages * 4096);
      assert.ok(iommu.freeDomain(user!).ok);
      assert.ok(iommu.attach(device, own()).ok);
    } else if ('vfio' in step) {
      if (user === undefined) throw new Error('no domain yet');
      if (step.vfio === 'unmap') assert.is(user.unmap(BigInt(step.iova), Number(step.size)), Number(step.size));
      else
        for (const run of runsOf(BigInt(step.iova), BigInt(step.size)))
          assert.ok(user.map(run.iova, Number(run.gpa), Number(run.length), step.access === 'rw').ok);
    } else if (step.control === '0xd0') own().flushAll();
    else if (step.control === '0xb2' && section === 'section vfio' && user === undefined) {
      // VFIO takes the device out of its driver's domain before it has one of its own.
      iommu.attach(device, iommu.blocked);
      user = got(iommu.allocate());
      assert.ok(iommu.attach(device, user).ok);
    } else if (step.control === '0xb2' && section === 'section identity') got(iommu.changeDefault(device, 'identity'));
    else if (step.control === '0x1000000d1' && step.n > 2000) {
      const entry = BigInt(`0x${step.input.slice(64).match(/../g)!.reverse().join('')}`);
      const [iova, length] = [(entry >> 12n) << 12n, 4096 << Number(entry & 0x3fn)];
      assert.ok(own().map(iova, 0x100000, length).ok);
      assert.is(own().unmap(iova, length), length);
    }
  }
  return { rig, mapped: mapped! };
}

linux('the same calls from capabilities to the last flush: code, control word, input, CPU, order', () => {
  const { rig } = replay();
  assert.equal(
    rig.hypervisor.calls.map(
      ({ cpu, control, input }) => `${cpu} ${control.toString(16)} ${withoutRoot(input, control.toString(16))}`,
    ),
    recorded.map(({ cpu, control, input }) => `${cpu} ${control.slice(2)} ${withoutRoot(input, control)}`),
  );
  assert.equal(rig.lines, []);
});

linux('PVI-40 the output lies where the kernel puts it, and the answers are the recorded ones', () => {
  const { rig } = replay();
  let outputs = 0;
  for (const [at, { outputOffset, output }] of recorded.entries()) {
    if (outputOffset === undefined) continue;
    const { inputGpa, outputGpa, code } = rig.hypervisor.calls[at]!;
    assert.is(outputGpa - inputGpa, outputOffset);
    outputs++;
    if (code === 0x125) assert.is(bytesToHex(rig.hypervisor.capabilities), output);
  }
  assert.is(outputs, 2);
});

linux('PVI-52 the tables walk to the same translations, with the same page sizes and entry bits', () => {
  const { mapped } = replay();
  assert.is(mapped.leaves.length, leaves.length);
  assert.equal(mapped.leaves, leaves);
  assert.equal(mapped.tables, leavesOf(readWord, ROOT).tables);
  assert.is(
    leaves.reduce((sum, { pageBits }) => sum + 2 ** (pageBits - 12), 0),
    1 + 16 + 1 + 506 + 507 + 508 + 512 + 1014 + 1015 + 4096 + 48,
  );
  for (const { iova, gpa } of leaves) assert.is(walk(readWord, ROOT, 4, iova)?.gpa, gpa);
});

linux('the exact strategy sends what the first series sent for 506 pages: 7 entries', () => {
  const rig = new PvRig();
  const domain = got(rig.started({ flush: 'exact' }).allocate(0x1000n));
  domain.map(0x40010000n, 0x100000, 506 * 4096);
  rig.hypervisor.calls.length = 0;
  domain.unmap(0x40010000n, 506 * 4096);
  const [call] = rig.hypervisor.calls;
  assert.is(call!.control, 0x7_0000_00d1n);
  assert.is(call!.input.length / 2, 32 + 7 * 8);
});

linux('the small capture in the fixtures is part of the same recording', () => {
  const lines = readProjectText('fixtures', 'captures', 'pviommu.jsonl').trim().split('\n');
  const codes = new Set(recorded.map(({ control }) => BigInt(control) & 0xffffn));
  let found = 0;
  for (const line of lines) {
    const event = JSON.parse(line) as { n: number; k: string; control?: string; in?: string };
    if (event.k !== 'hypercall' || !codes.has(BigInt(event.control!) & 0xffffn)) continue;
    assert.is(recorded.find(({ n }) => n === event.n)?.input, event.in);
    found++;
  }
  assert.ok(found >= 18, `${found} calls`);
});

linux.run();
