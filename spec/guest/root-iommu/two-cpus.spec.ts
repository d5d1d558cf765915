import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RootIommu } from '../../../src/guest/root-iommu/root-iommu.js';
import { HypercallPages } from '../../../src/memory/hypercall-pages.js';
import { CODES, FakeHypervisor } from './fake-hypervisor.js';
import { bareRig, booksAgree, errnoOf, gained, nvme, pagesOf, QUIET_CORE } from './rig.js';

const moving = suite('root IOMMU: code that moves between CPUs');

/** The hypervisor as another CPU reaches it: results of that CPU's calls stay with it. */
class OtherGate extends FakeHypervisor {
  private readonly first: FakeHypervisor;

  constructor(first: FakeHypervisor, memory: ConstructorParameters<typeof FakeHypervisor>[0]) {
    super(memory);
    this.first = first;
  }

  override hypercall(controlLo: number, controlHi: number, inputGpa: number, outputGpa: number): void {
    const { resultLo, resultHi } = this.first;
    this.first.hypercall(controlLo, controlHi, inputGpa, outputGpa);
    [this.resultLo, this.resultHi] = [this.first.resultLo, this.first.resultHi];
    [this.first.resultLo, this.first.resultHi] = [resultLo, resultHi];
  }
}

/** Two CPUs; each time it is asked, the code is on the other one. Which CPU made a call is told by its page. */
function movingRig() {
  const bare = bareRig();
  const pages = HypercallPages.create(bare.machine.memory, bare.frames, { cpus: 2, separateOutput: true });
  for (const cpu of [0, 1]) pages.online(cpu);
  const gates = [bare.hv, new OtherGate(bare.hv, bare.machine.memory)];
  const cpus = gates.map((gate, cpu) => ({ cpu, gate, present: true, online: true }));
  let asked = 0;
  const onCpu = () => asked++ % 2;
  const iommu = new RootIommu({ ...bare.machine, pages, cpus }, { flavour: 'root', onCpu });
  assert.ok(iommu.init(QUIET_CORE).ok);
  return { ...bare, iommu, gates, pages, asked: () => asked };
}

moving('COM-03, COM-05: a call is one CPU’s from its page to its result, and the CPU is asked for once', () => {
  const r = movingRig();
  const domain = gained(r.iommu.allocPaging());
  const refused = nvme();
  r.hv.refuse(CODES.attach, 0x71);
  assert.is(errnoOf(r.iommu.attach(domain, refused)), 'EIO', 'the refusal is not lost on the other CPU');
  assert.is(domain.numAttached, 0);
  r.hv.refuse(CODES.detach, 0x57);
  const device = nvme({}, 5);
  assert.is(errnoOf(r.iommu.attach(domain, device)), undefined);
  assert.is(errnoOf(r.iommu.detach(device)), 'EIO');
  assert.is(domain.numAttached, 1);
  assert.is(r.asked(), r.hv.made.length);
});

moving('DEP-03, IOMMU-47: maps, their deposits and unmaps each stay on the CPU that they began on', () => {
  const r = movingRig();
  const domain = gained(r.iommu.allocPaging());
  r.hv.pool = 10;
  r.hv.made.length = 0;
  const before = r.asked();
  assert.is(r.iommu.map(domain, pagesOf(0x10000n, 0x80000n, 600)).mapped, 600n << 12n);
  assert.ok(booksAgree(r.hv, domain));
  assert.ok(r.hv.count(CODES.deposit) >= 3);
  assert.is(r.iommu.unmap(domain, 0x10000n, 4096, 600), 600n << 12n);
  assert.is(r.asked() - before, r.hv.made.length);
  const byGpa = new Map<number, number>();
  for (const { inputGpa } of r.hv.made) byGpa.set(inputGpa, (byGpa.get(inputGpa) ?? 0) + 1);
  assert.is(byGpa.size, 2, 'both CPUs made calls');
});

moving('DEP-04: a deposit that the other CPU’s result would hide is a failure', () => {
  const r = movingRig();
  const domain = gained(r.iommu.allocPaging());
  r.hv.pool = 0;
  r.hv.refuse(CODES.deposit, 0x06, { reps: 3 });
  const free = r.frames.free;
  assert.equal(r.iommu.map(domain, pagesOf(0x10000n, 0x80000n, 4)), { errno: 'EIO', mapped: 0n });
  assert.is(free - r.frames.free, 3);
});

moving.run();
