import { suite } from 'uvu';
import type { IommuDevice } from '../../src/guest/root-iommu/iommu-device.js';
import { type IommuDomain, StaticDomain } from '../../src/guest/root-iommu/iommu-domain.js';
import { PagingCalls, type RunResult } from '../../src/guest/root-iommu/paging-calls.js';
import { type IommuCore, RootIommu } from '../../src/guest/root-iommu/root-iommu.js';
import type { LogLine } from '../../src/ports/log-sink.js';
import { DONE, failure, type Outcome } from '../../src/ports/outcome.js';
import { CODES } from '../guest/root-iommu/fake-hypervisor.js';
import { bareRig, errnoOf, nvme, pagesOf, pagingDomain, QUIET_CORE } from '../guest/root-iommu/rig.js';
import { calling, type Driver, driven, type MakeCalls, OUR_CALLS } from './root-driver.js';
import { twoSided } from './two-sided.js';

const s1 = suite('criticism of the root IOMMU: books, halves, start');
const both = twoSided(s1);

/** Counts down whatever the hypervisor said. */
class CountsAnyway extends RootIommu {
  override detach(device: IommuDevice): Outcome {
    const { domain } = device;
    const outcome = super.detach(device);
    domain?.devices.delete(device);
    device.domain = undefined;
    device.holder = undefined;
    return outcome;
  }
}

both<Driver>('IOMMU-39 IOMMU-24 IOMMU-29: a detach that fails changes no book, and the domain is not freed', {
  check: (Kind) => {
    const r = driven(Kind);
    const domain = pagingDomain(r);
    const device = nvme();
    r.iommu.attach(domain, device);
    r.hv.refuse(CODES.detach, 0x06, { times: 2 });
    const detached = r.iommu.detach(device);
    const facts = {
      'the failure is told': !detached.ok,
      'the count stays': domain.numAttached === 1,
      'the device stays with its domain': device.domain === domain,
    };
    const freed = r.iommu.free(domain);
    const shown = r.iommu.dumpState().find(({ id }) => id === domain.id);
    return {
      ...facts,
      'the domain is not freed': errnoOf(freed) === 'EBUSY' && r.hv.count(CODES.delete) === 0,
      'the device can be seen where the hypervisor has it': shown?.devices.join() === device.name,
    };
  },
  ours: () => RootIommu,
  criticised: {
    'counts down whatever the hypervisor said': [
      () => CountsAnyway,
      'the count stays',
      'the device stays with its domain',
      'the domain is not freed',
      'the device can be seen where the hypervisor has it',
    ],
  },
});

/** The two halves of one thing: names of what each has, and the status that each gives of a call that is refused with 6. */
interface Halves {
  readonly names: readonly string[];
  readonly statuses: () => readonly number[];
}

const HALF = /^(un)?map(?=[A-Z]|$)/;

function halvesOf(...kinds: readonly { readonly prototype: object }[]): Halves {
  return {
    names: kinds.flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype)).filter((name) => HALF.test(name)),
    statuses: () => {
      const { hv, domain } = calling(OUR_CALLS);
      hv.refuse(CODES.map, 0x06);
      hv.refuse(CODES.unmap, 0x06);
      const { calls } = domain;
      return [calls.mapBatchHypercall(1, 1, 2, true), calls.unmapBatchHypercall(1, 2)].map(({ resultLo }) => resultLo);
    },
  };
}

both<Halves>('IOMMU-51: what maps and what unmaps have the same names and give the same kind of answer', {
  check: ({ names, statuses }) => {
    const [first, second] = statuses();
    const rests = (half: 'map' | 'unmap') =>
      names
        .filter((name) => name.startsWith(half))
        .map((name) => name.slice(half.length))
        .sort()
        .join();
    return {
      'each half has its counterpart': names.length > 0 && rests('map') === rests('unmap'),
      'a call gives its raw status, in both': first === 6 && second === 6,
    };
  },
  ours: () => halvesOf(RootIommu, PagingCalls),
  criticised: {
    'map_pgs beside unmap_pages, of which one gives a status and the other a count': [
      () => ({ names: ['mapPgs', 'unmapPages'], statuses: () => [halvesOf().statuses()[0]!, 0] }),
      'each half has its counterpart',
      'a call gives its raw status, in both',
    ],
  },
});

/** Unmaps without a word about what was refused. */
class SilentUnmap extends PagingCalls {
  override unmapRun(iovaPage: number, pages: number): RunResult {
    const { done, resultLo } = this.unmapBatchHypercall(iovaPage, pages);
    return resultLo === 0 ? { done } : { done, errno: 'EIO', status: resultLo };
  }
}

const wordsOf = (log: readonly LogLine[]): string[] =>
  log
    .filter(({ code }) => code === 'iommu-call-failed')
    .map(({ level, fields = {} }) => `${level} ${fields.call} ${fields.statusName} ${fields.status}`);
const fieldsOf = (log: readonly LogLine[]): string[] =>
  log
    .filter(({ code }) => code === 'iommu-call-failed')
    .map(({ fields }) =>
      Object.keys(fields ?? {})
        .sort()
        .join(),
    );

both<MakeCalls>('COM-05 IOMMU-51: a refused call is told with its name and status, in both halves', {
  check: (make) => {
    const { iommu, domain, hv, log } = calling(make);
    iommu.map(domain, pagesOf(0n, 0n, 4));
    hv.refuse(CODES.unmap, 0x06);
    hv.refuse(CODES.map, 0x06);
    iommu.unmap(domain, 0n, 4096, 4);
    const unmapped = [...wordsOf(log)];
    iommu.map(domain, pagesOf(0x10000n, 0n, 4));
    const all = wordsOf(log);
    return {
      'a refused unmap is told': unmapped.join() === 'error HVCALL_UNMAP_DEVICE_GPA_PAGES HV_STATUS_ACCESS_DENIED 0x6',
      'a refused map is told': all.at(-1) === 'error HVCALL_MAP_DEVICE_GPA_PAGES HV_STATUS_ACCESS_DENIED 0x6',
      'with the same fields': all.length === 2 && new Set(fieldsOf(log)).size === 1,
    };
  },
  ours: () => OUR_CALLS,
  criticised: {
    'the unmap half says nothing': [
      () => (port, id) => new SilentUnmap(port, id),
      'a refused unmap is told',
      'with the same fields',
    ],
  },
});

/** Attaches and detaches without a word: the log of one half goes nowhere. */
function quiet(half: 'attach' | 'detach'): Driver {
  return class extends RootIommu {
    override attach(domain: IommuDomain, device: IommuDevice): Outcome {
      return this.hushed(half === 'attach', () => super.attach(domain, device));
    }

    override detach(device: IommuDevice): Outcome {
      return this.hushed(half === 'detach', () => super.detach(device));
    }

    private hushed(quiet: boolean, act: () => Outcome): Outcome {
      if (!quiet) return act();
      const { log } = this.machine;
      Reflect.set(this.machine, 'log', () => undefined);
      const outcome = act();
      Reflect.set(this.machine, 'log', log);
      return outcome;
    }
  };
}

both<Driver>('COM-05: attach and detach tell what was refused, both', {
  check: (Kind) => {
    const r = driven(Kind);
    const device = nvme();
    r.iommu.attach(r.iommu.identity, device);
    r.hv.refuse(CODES.attach, 0x06);
    r.hv.refuse(CODES.detach, 0x06);
    r.iommu.attach(r.iommu.blocked, device);
    const attached = wordsOf(r.log).length;
    r.iommu.detach(device);
    return {
      'a refused attach is told': attached === 1,
      'a refused detach is told': wordsOf(r.log).length === attached + 1,
    };
  },
  ours: () => RootIommu,
  criticised: {
    'a silent detach': [() => quiet('detach'), 'a refused detach is told'],
    'a silent attach': [() => quiet('attach'), 'a refused attach is told'],
  },
});

/** Its static domains are filled in by a function that comes late. */
class LateStatics extends RootIommu {
  constructor(...args: ConstructorParameters<typeof RootIommu>) {
    super(...args);
    for (const kind of ['identity', 'blocked']) Reflect.set(this, kind, undefined);
  }

  override init(core: IommuCore): Outcome {
    const outcome = super.init(core);
    for (const kind of ['identity', 'blocked'] as const) Reflect.set(this, kind, new StaticDomain(kind));
    return outcome;
  }
}

const isWhole = (driver: RootIommu): boolean =>
  [driver.identity, driver.blocked].map((one: StaticDomain | undefined) => `${one?.kind} ${one?.id}`).join() ===
  'identity 0,blocked 4294967295';

both<Driver>('IOMMU-05: what there is one of is complete by its definition, without a function that fills it in', {
  check: (Kind) => {
    const { machine } = bareRig();
    const driver = new Kind(machine, { flavour: 'root' });
    const before = isWhole(driver);
    driver.init(QUIET_CORE);
    return { 'complete before anything ran': before, 'and behind the start': isWhole(driver) };
  },
  ours: () => RootIommu,
  criticised: { 'filled in by the start': [() => LateStatics, 'complete before anything ran'] },
});

/** Shows its entry before anything else. */
class PublishesFirst extends LateStatics {
  override init(core: IommuCore): Outcome {
    const published = core.publish(this);
    return published.ok ? super.init({ ...core, publish: () => DONE }) : published;
  }
}

/** Fills its static domains in before the entry shows, but asks the hypervisor behind it. */
class AsksLater extends RootIommu {
  override init(core: IommuCore): Outcome {
    core.publish(this);
    return super.init({ ...core, publish: () => DONE });
  }
}

both<Driver>(
  'IOMMU-03: whoever finds the driver finds it ready: in the hook of its entry and in that of its registration',
  {
    check: (Kind) => {
      const { machine } = bareRig();
      const ready: Record<string, boolean> = {};
      const look = (hook: string, driver: RootIommu): Outcome => {
        const device = nvme();
        const [domains, capabilities] = [`static domains in ${hook}`, `capabilities in ${hook}`];
        const works = isWhole(driver) && driver.attach(driver.identity, device).ok && device.domain === driver.identity;
        // A hook may be reached more than once.
        ready[domains] = ready[domains] !== false && works;
        ready[capabilities] = ready[capabilities] !== false && driver.capabilities?.maxIovaWidth === 48;
        return DONE;
      };
      const driver = new Kind(machine, { flavour: 'root' });
      driver.init({
        publish: (it) => look('publish', it),
        unpublish: () => undefined,
        register: (it) => look('register', it),
      });
      return { 'both hooks ran': Object.keys(ready).length === 4, ...ready };
    },
    ours: () => RootIommu,
    criticised: {
      'the entry before everything else': [
        () => PublishesFirst,
        'static domains in publish',
        'capabilities in publish',
        'static domains in register',
      ],
      'the entry before the query': [() => AsksLater, 'capabilities in publish'],
    },
  },
);

/** Leaves its entry behind when it cannot register. */
class LeavesEntry extends RootIommu {
  override init(core: IommuCore): Outcome {
    return super.init({ ...core, unpublish: () => undefined });
  }
}

both<Driver>('IOMMU-04: a registration that fails takes the entry away', {
  check: (Kind) => {
    const { machine } = bareRig();
    const entries = new Set<RootIommu>();
    const driver = new Kind(machine, { flavour: 'root' });
    const outcome = driver.init({
      publish: (it) => {
        entries.add(it);
        return DONE;
      },
      unpublish: (it) => entries.delete(it),
      register: () => failure('EBUSY'),
    });
    return {
      'the errno is that of the registration': errnoOf(outcome) === 'EBUSY',
      'no entry is left': entries.size === 0,
    };
  },
  ours: () => RootIommu,
  criticised: { 'the entry stays': [() => LeavesEntry, 'no entry is left'] },
});

/** A move that does not count the device out of where it was. */
class CountsIn extends RootIommu {
  override attach(domain: IommuDomain, device: IommuDevice): Outcome {
    const { domain: old } = device;
    const outcome = super.attach(domain, device);
    if (outcome.ok && old !== undefined) old.devices.add(device);
    return outcome;
  }
}

both<Driver>('IOMMU-32 IOMMU-41: two attaches in a row without a detach: one call each, counted in one place', {
  check: (Kind) => {
    const r = driven(Kind);
    const domain = pagingDomain(r);
    const device = nvme();
    for (const next of [r.iommu.identity, domain]) r.iommu.attach(next, device);
    const calls = r.hv.codes.join();
    r.iommu.attach(r.iommu.blocked, device);
    return {
      'one call each': calls === `${CODES.attach},${CODES.attach}`,
      'counted where it is': r.iommu.blocked.numAttached === 1,
      'and nowhere else': r.iommu.identity.numAttached + domain.numAttached === 0,
      'a domain that it has left can be freed': r.iommu.free(domain).ok,
    };
  },
  ours: () => RootIommu,
  criticised: {
    'counted where it was as well': [() => CountsIn, 'and nowhere else', 'a domain that it has left can be freed'],
  },
});

s1.run();
