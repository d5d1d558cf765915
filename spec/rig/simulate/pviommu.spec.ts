import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../../src/bytes/hex.js';
import { viewOf } from '../../../src/bytes/span.js';
import type { Event } from '../../../src/capture/decoder.js';
import { DIRECT_DMA } from '../../../src/guest/pci/dma-operations.js';
import { FlushGather } from '../../../src/guest/pv-iommu/flush-gather.js';
import { nvme_opcode } from '../../../src/hardware/nvme.js';
import type { Outcome } from '../../../src/ports/outcome.js';
import { waitUntil } from '../../../src/rig/simulate/flags.js';
import { checkNothingLeft, start, useDisk, waitForDisks } from '../../../src/rig/simulate/guest-steps.js';
import { pviommu } from '../../../src/rig/simulate/pviommu.js';
import type { GuestScene, Simulation } from '../../../src/rig/simulate/simulation.js';
import type { Routine } from '../../../src/sched/routine.js';
import { checked, recordedRun } from './recorded-run.js';

const runs = suite('rig: a disk behind the IOMMU of its guest');

const DEVICE = '0x37a94e00';
const PAGE = 4096;

const ofKind = (events: readonly Event[], kind: string): readonly Event[] => events.filter(({ k }) => k === kind);

const codesOf = (events: readonly Event[]): string[] =>
  ofKind(events, 'hypercall').map((event) => String((event as { code?: unknown }).code));

interface NvmeCommand {
  readonly queue: number;
  readonly opcode: number;
  readonly prps: readonly bigint[];
}

function commandsOf(events: readonly Event[]): NvmeCommand[] {
  return ofKind(events, 'nvme').map((event) => {
    const { q, cmd } = event as unknown as { q: number; cmd: string };
    const view = viewOf(hexToBytes(cmd));
    return { queue: q, opcode: view.getUint8(0), prps: [24, 32].map((at) => view.getBigUint64(at, true)) };
  });
}

for (const [domain, mode] of [
  ['paging', 'lazy'],
  ['paging', 'strict'],
  ['identity', 'lazy'],
  ['blocked', 'lazy'],
  ['off', 'lazy'],
] as const)
  runs(`E2E-01 VPCI-84 PVI-25 ${domain}, ${mode}: used as far as its domain lets it, and nothing is left`, () => {
    const { failures, events, log, host, guest } = recordedRun('pviommu', { iommu: { domain, mode } });
    assert.equal(failures, []);
    const errors = log.filter(({ level }) => level === 'error').map(({ code }) => code);
    assert.equal(errors, domain === 'blocked' ? ['nvme-probe-failed'] : []);
    assert.ok(checked(events).ok);
    assert.is(guest.iommu === undefined, domain === 'off');
    assert.equal(
      host.partition.iommu?.domains.list().map(({ devices }) => devices.length),
      domain === 'off' ? undefined : [0, 0],
    );
    const dma = ofKind(events, 'dma') as unknown as { iova: string; gpa: string; device: string }[];
    const faults = ofKind(events, 'iommu_fault').map((event) => (event as { reason?: unknown }).reason);
    assert.ok(dma.every(({ device }) => device === DEVICE));
    const translated = dma.filter(({ iova, gpa }) => iova !== gpa).length;
    if (domain === 'paging') {
      assert.is(translated, dma.length);
      assert.equal(faults, ['not mapped', 'not mapped', 'not writable']);
      assert.ok(dma.length > 20 && dma.length < 100, `${dma.length}`);
      // Queues, lists and data: nothing that the disk is told is an address of the guest's memory.
      const told = commandsOf(events).flatMap(({ prps }) => prps.filter((prp) => prp !== 0n));
      assert.ok(told.length > 20);
      assert.equal(
        told.filter((prp) => prp < 0xfff0_0000n),
        [0x1000n],
        'what was never mapped',
      );
    } else {
      assert.is(translated, 0);
      assert.equal(faults, domain === 'blocked' ? ['blocked'] : []);
      assert.is(dma.length > 0, domain === 'identity');
    }
    // A retarget for each interrupt that is used.
    assert.is(codesOf(events).includes('0x7e'), domain !== 'blocked');
  });

runs(
  'E2E-01 addresses are handed out as the recorded Linux does: both queues first, completions above commands',
  () => {
    // linux-series-amd64/pviommu, events 461 to 640: ASQ, ACQ, and the PRPs of the first admin commands that have one.
    const recorded = {
      registers: { '0x28': 0xffff_e000n, '0x30': 0xffff_f000n },
      prps: [0xffff_d000n, 0xffff_c000n, 0xffff_b000n, 0xffff_a000n, 0xffff_9000n, 0xffff_8000n],
    };
    const { events } = recordedRun('pviommu');
    const registers = ofKind(events, 'mmio_wr') as unknown as { region: string; value: string }[];
    for (const [offset, value] of Object.entries(recorded.registers)) {
      const written = registers.find(({ region }) => region.startsWith(`bar0+${offset} `));
      assert.is(BigInt(written!.value), value, offset);
    }
    const prps = commandsOf(events).flatMap(({ prps: [first] }) => (first === 0n ? [] : [first!]));
    assert.equal(prps.slice(0, 6), recorded.prps);
  },
);

runs('PVI-36 strict flushes each unmap by a list, lazy many at once by the domain', () => {
  const count = (mode: 'strict' | 'lazy') => {
    const codes = codesOf(recordedRun('boot', { iommu: { domain: 'paging', mode } }).events);
    return [codes.filter((code) => code === '0xd1').length, codes.filter((code) => code === '0xd0').length];
  };
  const [strictLists, strictWhole] = count('strict');
  assert.ok(strictLists! > 10, `${strictLists}`);
  assert.is(strictWhole, 0);
  assert.equal(count('lazy'), [0, 1]);
});

for (const name of ['boot', 'multi', 'eject', 'mmiocall', 'collision', 'hibernate', 'races'] as const)
  runs(`E2E-07 VPCI-84 PVI-51 ${name} with all its disks behind the IOMMU, in 10 orders`, () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { failures, host, guest, log } = recordedRun(name, { seed, iommu: { domain: 'paging', mode: 'lazy' } });
      assert.equal(failures, [], `seed ${seed}`);
      const iommu = host.partition.iommu!;
      assert.is(iommu.dma.staleTlbHits, 0);
      // A disk that the host has not taken back rests in the blocked domain, which is the second.
      const domains = iommu.domains.list();
      assert.equal([domains.length, domains[0]!.devices.length], [2, 0]);
      assert.is(guest.iommu!.iovasInUse, 0);
      if (seed <= 2) {
        const { free } = recordedRun(name, { seed }).guest.frames;
        assert.is(guest.frames.free, free, `seed ${seed}: frames as without an IOMMU`);
      }
      // A disk that is taken away in use can be put nowhere: the driver says so.
      const errors = log.filter(({ level }) => level === 'error').map(({ code }) => code);
      if (name !== 'races')
        assert.ok(
          errors.every((code) => code === 'pviommu-call-failed'),
          `${errors}`,
        );
    }
  });

/** The scenario with another guest: what it does with its disk. */
function withGuest(use: (scene: GuestScene) => Routine): Simulation {
  const { host: _, ...rest } = pviommu;
  return {
    ...rest,
    *guest(scene) {
      yield* use(scene);
      yield* scene.guest.vmbus.unload();
      checkNothingLeft(scene);
    },
  };
}

runs('PVI-51 a driver that unmaps without a flush: the disk goes on by a stale translation, and that is seen', () => {
  const seen: Outcome[] = [];
  const run = recordedRun(
    withGuest(function* (scene): Routine {
      if (!(yield* start(scene))) return;
      const [disk] = yield* waitForDisks(scene, 1);
      const { iommu, machine } = scene.guest;
      const mapping = iommu!.mappingOf(iommu!.deviceOf(disk!.fn)!)!;
      const [frame] = machine.frames.take(1)!;
      const mapped = mapping.mapPages([frame!], true);
      if (!mapped.ok) return;
      const [address] = mapped.value;
      const read = (): Routine<Outcome> =>
        disk!.transfer(nvme_opcode.nvme_cmd_read, 0, disk!.namespaces[0]!, 0n, 8, [address!]);
      seen.push(yield* read());
      // The entry goes, the hypervisor is not told.
      const { table } = mapping.domain;
      const gather = new FlushGather();
      assert.is(table.unmap(Number(address! >> 12n), 1, gather), 1);
      seen.push(yield* read());
      mapping.domain.sync(gather);
      seen.push(yield* read());
      // What the driver should have done.
      assert.ok(mapping.domain.map(address!, frame! * PAGE, PAGE).ok);
      mapping.unmapPages(mapped.value);
      machine.frames.give([frame!]);
    }),
  );
  assert.equal(run.failures, []);
  assert.equal(
    seen.map((outcome) => (outcome.ok ? 'done' : outcome.errno)),
    ['done', 'done', 'EIO'],
  );
  assert.is(run.host.partition.iommu!.dma.staleTlbHits, 1);
  const stale = ofKind(run.events, 'dma').filter((event) => 'stale_tlb_hits' in event);
  assert.is(stale.length, 1);
});

runs('E2E-01 a driver that hands out guest addresses: every access faults, its probe ends, nothing is left', () => {
  const run = recordedRun(
    withGuest(function* (scene): Routine {
      const { guest } = scene;
      guest.pci.onAdd((fn) => {
        fn.dma = DIRECT_DMA;
      });
      const free = guest.frames.free;
      yield* start(scene);
      yield* guest.pci.settle();
      assert.is(guest.nvme.controllers.length, 0);
      assert.ok(free > guest.frames.free, 'tables and rings');
    }),
  );
  assert.equal(run.failures, []);
  const faults = ofKind(run.events, 'iommu_fault') as unknown as { reason: string; iova: string }[];
  assert.ok(faults.length > 0 && faults.every(({ reason }) => reason === 'not mapped'));
});

runs('PVI-25 a bus that is taken back under load: its function is attached to nothing, and comes back to use', () => {
  const { host: _, ...rest } = pviommu;
  const taken: Simulation = {
    ...rest,
    *guest(scene) {
      if (!(yield* start(scene))) return;
      const [disk] = yield* waitForDisks(scene, 1);
      scene.flags.raise('guest-ready');
      // Some of it is done, some meets a device that is gone.
      for (let n = 0; n < 40 && disk!.namespaces.length > 0; n++)
        yield* disk!.readBlocks(0, disk!.namespaces[0]!, 0n, 32);
      yield* scene.flags.wait(scene.queue, 'reoffered');
      yield* waitUntil(scene.queue, () => scene.guest.nvme.controllers.some((one) => one !== disk));
      for (const again of yield* waitForDisks(scene, 1)) yield* useDisk(scene, again);
      yield* scene.guest.vmbus.unload();
      checkNothingLeft(scene);
    },
    *host({ host, queue, flags, report }) {
      yield* flags.wait(queue, 'guest-ready');
      const { domains } = host.partition.iommu!;
      const attached = (): number => domains.list().reduce((sum, { devices }) => sum + devices.length, 0);
      report.check('the disk is in a domain', attached() === 1);
      host.buses[0]!.rescind();
      report.check('not any more', attached() === 0);
      host.buses[0]!.reoffer();
      flags.raise('reoffered');
    },
  };
  for (let seed = 1; seed <= 10; seed++) {
    const { failures, guest } = recordedRun(taken, { seed });
    assert.equal(failures, [], `seed ${seed}`);
    assert.is(guest.iommu!.state.pagingDomains, 0);
  }
});

runs.run();
