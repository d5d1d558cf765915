import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_device_domain_feature } from '../../../src/abi/hv/device-domain.js';
import { hexToBytes } from '../../../src/bytes/hex.js';
import { viewOf } from '../../../src/bytes/span.js';
import type { Event } from '../../../src/capture/event.js';
import { detectRootIommu } from '../../../src/guest/root-iommu/detection.js';
import { IommuDevice } from '../../../src/guest/root-iommu/iommu-device.js';
import { nvme_opcode } from '../../../src/hardware/nvme.js';
import type { GuestMemory } from '../../../src/ports/guest-memory.js';
import { DONE } from '../../../src/ports/outcome.js';
import { replayDeviceDomains } from '../../../src/rig/replay/device-domain-replay.js';
import { SERVED_IOMMUS } from '../../../src/rig/serve/scenario-names.js';
import { Flags, waitUntil } from '../../../src/rig/simulate/flags.js';
import { start as connect, useDisk, waitForDisks } from '../../../src/rig/simulate/guest-steps.js';
import { Findings, type GuestScene } from '../../../src/rig/simulate/simulation.js';
import { type Routine, start } from '../../../src/sched/routine.js';
import { checked } from '../simulate/recorded-run.js';
import { type FramedGuest, type FramedGuestOptions, framedGuest } from './framed-guest.js';

const test = suite('rig/serve: an IOMMU behind the monitor');

const DEVICE = '0x37a94e00';
const FEATURES = 0x40000003;
const PAGE = 4096;

interface Played extends FramedGuest {
  readonly failures: readonly string[];
}

/** Runs a guest behind the monitor's protocol to its end. */
function played(options: FramedGuestOptions, play: (scene: GuestScene, framed: FramedGuest) => Routine): Played {
  const framed = framedGuest(options);
  const { guest, queue, host } = framed;
  const report = new Findings(() => undefined);
  const run = start(queue, play({ guest, iommu: undefined, queue, flags: new Flags(), report }, framed));
  queue.drain(60_000_000);
  report.check('the guest comes to its end', run.done);
  host.finish(0);
  assert.equal(framed.complaints, []);
  const tally = checked(framed.events);
  assert.ok(tally.ok, tally.line());
  return { ...framed, failures: report.failures };
}

const ofKind = (events: readonly Event[], kind: string): Record<string, string>[] =>
  events.filter(({ k }) => k === kind) as unknown as Record<string, string>[];

/** Addresses that the disk was told. */
function toldAddresses(events: readonly Event[]): bigint[] {
  return ofKind(events, 'nvme').flatMap(({ cmd }) => {
    const view = viewOf(hexToBytes(cmd!));
    return [24, 32].map((at) => view.getBigUint64(at, true)).filter((prp) => prp !== 0n);
  });
}

function* use(scene: GuestScene): Routine {
  if (!(yield* connect(scene))) return;
  const [disk] = yield* waitForDisks(scene, 1);
  if (disk === undefined) return;
  yield* useDisk(scene, disk);
  const [namespace] = disk.namespaces;
  // Nobody has mapped page 1; without translation it is memory as any.
  const read = yield* disk.transfer(nvme_opcode.nvme_cmd_read, 0, namespace!, 0n, PAGE / namespace!.blockBytes, [
    0x1000n,
  ]);
  const { iommu } = scene.guest;
  const device = iommu?.deviceOf(disk.fn);
  const kind = device && iommu?.defaultOf(device)?.kind;
  scene.report.check('page 1 is reached where nothing translates', read.ok === (kind !== 'paging'));
}

for (const served of ['recorded', 'own'] as const)
  test(`E2E-01 PVI-52 ${served}: a domain with tables translates all that the served disk does`, () => {
    const { failures, events, guest, host } = played({ scenario: 'boot', served, iommu: {} }, use);
    assert.equal(failures, []);
    assert.ok(guest.iommu !== undefined);
    const dma = ofKind(events, 'dma');
    assert.ok(dma.length > 20, `${dma.length}`);
    for (const { device, iova, gpa } of dma) assert.equal([device, iova === gpa], [DEVICE, false]);
    const told = toldAddresses(events);
    assert.ok(told.length > 8, `${told.length}`);
    assert.equal(
      told.filter((address) => address < 0xfff0_0000n),
      [0x1000n],
    );
    assert.equal(
      ofKind(events, 'iommu_fault').map(({ iova, reason }) => [iova, reason]),
      [['0x1000', 'not mapped']],
    );
    const [state] = ofKind(events, 'device_domains') as unknown as { devices: Record<string, string> }[];
    assert.equal(state?.devices, { [DEVICE]: '1:0x3' });
    assert.match(new Map(host.facts()).get('IOMMU') ?? '', /^3 domains, 1 device in them, 1 access refused$/);
    const { calls, differences } = replayDeviceDomains(events);
    assert.ok(calls >= 10, `${calls} calls`);
    assert.equal(differences, []);
  });

test('E2E-01 PVI-52 the host needs no window into memory, which it does not have where memory is a file', () => {
  const moves = ({ events }: Played) =>
    events.filter(({ k }) => ['dma', 'iommu_fault', 'device_domains'].includes(String(k)));
  const through = (memory: GuestMemory): GuestMemory =>
    new Proxy(memory, {
      get(target, key: keyof GuestMemory) {
        if (key === 'window') return () => undefined;
        const found = target[key];
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
  const options = { scenario: 'boot', served: 'recorded', iommu: {} } as const;
  const asFile = played({ ...options, hostMemory: through }, use);
  assert.equal(asFile.failures, []);
  assert.ok(moves(asFile).length > 20);
  assert.equal(moves(asFile), moves(played(options, use)));
});

test('E2E-01 identity: the served disk uses the guest memory as it is', () => {
  const { failures, events } = played(
    { scenario: 'boot', served: 'recorded', iommu: { defaultDomain: 'identity' } },
    use,
  );
  assert.equal(failures, []);
  const dma = ofKind(events, 'dma');
  assert.ok(dma.length > 20);
  for (const { iova, gpa } of dma) assert.is(iova, gpa);
});

test('E2E-01 blocked: the first access of the served disk is refused, and its driver gives up', () => {
  const blocked = { scenario: 'boot', served: 'recorded', iommu: { defaultDomain: 'blocked' } } as const;
  const { failures, events, guest, notes } = played(blocked, function* (scene) {
    if (!(yield* connect(scene))) return;
    yield* waitUntil(scene.queue, () => scene.guest.vpci.buses[0]?.root?.functions.size === 1);
    yield* scene.guest.pci.settle();
  });
  assert.equal(failures, []);
  assert.equal(guest.nvme.controllers, []);
  assert.equal(notes, ['nvme-probe-failed']);
  assert.equal(
    ofKind(events, 'iommu_fault').map(({ reason }) => reason),
    ['blocked'],
  );
  assert.equal(ofKind(events, 'dma'), []);
});

for (const served of [undefined, 'off'] as const)
  test(`PVI-02 ${served ?? 'nothing said'}: the call is none, and no access is translated`, () => {
    const { failures, events, guest } = played(
      { scenario: 'boot', ...(served === undefined ? {} : { served }), iommu: {} },
      use,
    );
    assert.equal(failures, []);
    assert.is(guest.iommu, undefined);
    assert.equal([ofKind(events, 'dma'), ofKind(events, 'device_domains')], [[], []]);
    const asked = ofKind(events, 'hypercall').filter(({ code }) => code === '0x125');
    assert.equal(
      asked.map(({ result }) => result),
      ['0x2'],
    );
  });

test('VPCI-84 PVI-25 an ejected disk is in no domain any more', () => {
  const { failures, events } = played({ scenario: 'boot', served: 'recorded', iommu: {} }, function* (scene, { host }) {
    yield* use(scene);
    const { guest, queue, report } = scene;
    host.command('rescind');
    report.check('it is gone', yield* waitUntil(queue, () => guest.nvme.controllers.length === 0));
    yield* guest.vmbus.settle();
  });
  assert.equal(failures, []);
  assert.equal((ofKind(events, 'device_domains')[0] as { devices?: unknown }).devices, {});
});

for (const served of SERVED_IOMMUS)
  test(`IOMMU-01 a root partition, ${served}: the bit of device domains, capabilities, maps`, () => {
    const { guest, leaf, events, host } = framedGuest({ scenario: 'root', served });
    const { machine } = guest;
    const platform = {
      onHyperV: true,
      iommuOff: false,
      iommuDetected: false,
      miscFeatures: leaf(FEATURES)!.edx,
      requestAcs: () => undefined,
    };
    const iommu = detectRootIommu(machine, platform, { flavour: 'root' });
    const hasBit = (leaf(FEATURES)!.edx & hv_device_domain_feature.HV_DEVICE_DOMAIN_AVAILABLE) !== 0;
    assert.equal([hasBit, iommu !== undefined], [served !== 'off', served !== 'off']);
    if (iommu === undefined) return;
    assert.ok(iommu.init({ publish: () => DONE, unpublish: () => undefined, register: () => DONE }).ok);
    const allocated = iommu.allocPaging();
    assert.ok(allocated.ok);
    if (!allocated.ok) return;
    const device = new IommuDevice({ segment: 0, bus: 0, device: 3, function: 0 });
    assert.ok(iommu.attach(allocated.value, device).ok);
    const range = { iova: 0x10_0000n, paddr: 0x4000_0000n, pageSize: PAGE, pageCount: 600, writable: true };
    assert.equal(iommu.map(allocated.value, range), { mapped: 600n * 4096n });
    host.finish(0);
    const [state] = ofKind(events, 'device_domains') as unknown as { domains: unknown; devices: unknown }[];
    assert.equal(state?.domains, { '0:0x0': 0, '0:0xffffffff': 0, '0:0x1': 600 });
    assert.equal(state?.devices, { '0x4000000000000018': '0:0x1' });
    assert.match(new Map(host.facts()).get('IOMMU') ?? '', /, 600 pages mapped, 0 accesses refused$/);
    const again = replayDeviceDomains(events);
    assert.equal([again.differences, again.states, again.hosts[0]?.caller], [[], 1, 'root']);
  });

test('IOMMU-01 a device that is put where it is: the recorded rules take it, our own refuse it with 0x66', () => {
  const statuses = (['recorded', 'own'] as const).map((served) => {
    const { guest, events } = framedGuest({ scenario: 'root', served });
    const iommu = detectRootIommu(
      guest.machine,
      { onHyperV: true, iommuOff: false, iommuDetected: false, miscFeatures: ~0, requestAcs: () => undefined },
      { flavour: 'root' },
    )!;
    iommu.init({ publish: () => DONE, unpublish: () => undefined, register: () => DONE });
    iommu.attach(iommu.identity, new IommuDevice({ segment: 0, bus: 0, device: 3, function: 0 }));
    return ofKind(events, 'hypercall')
      .filter(({ code }) => code === '0xb2')
      .map(({ result }) => result);
  });
  assert.equal(statuses, [['0x0'], ['0x66']]);
});

test.run();
