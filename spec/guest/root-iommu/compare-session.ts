import { DRIVER_GENERATIONS, type DriverGeneration } from '../../../src/guest/root-iommu/driver-generation.js';
import { IommuDevice } from '../../../src/guest/root-iommu/iommu-device.js';
import { RootIommu } from '../../../src/guest/root-iommu/root-iommu.js';
import type { PciAddress } from '../../../src/hypercall/pci-device-id.js';
import { type RecordedEvent, wordAt } from '../iommu-replay/recording.js';
import { TapeGate } from '../iommu-replay/tape-gate.js';
import { CODES, LENGTHS, LISTS } from './fake-hypervisor.js';
import { type RecordedSession, readSession } from './recorded-session.js';
import { bareRig, gained, QUIET_CORE } from './rig.js';
import { type SeriesHabits, takeHabits } from './series-driver.js';
import { VfioContainer } from './vfio-container.js';

const TAPE = { fixedBytes: LENGTHS, hasList: LISTS };

export interface SessionOptions {
  readonly generation?: DriverGeneration;
  readonly flavour?: 'root' | 'l1vh';
  /** Where the recorded driver does worse: send the same. */
  readonly habits?: SeriesHabits;
  /** Devices whose requests carry another one's address. */
  readonly requesters?: Readonly<Record<string, string>>;
}

export interface SessionComparison {
  /** Recorded calls, and how many of them were made. */
  readonly calls: number;
  readonly same: number;
  readonly operations: number;
  /** See TapeGate. */
  readonly differences: readonly string[];
}

function addressOf(text: string): PciAddress {
  const [segment, bus, device, fn] = text.split(/[:.]/).map((digits) => Number.parseInt(digits, 16));
  return { segment: segment!, bus: bus!, device: device!, function: fn! };
}

/** Makes our driver do what a recorded one was asked for, with the recorded answers, and compares every call in order. */
export function compareSession(events: readonly RecordedEvent[], options: SessionOptions = {}): SessionComparison {
  const session = readSession(events);
  const { generation = 'newest', flavour = 'root', habits } = options;
  const { machine } = bareRig();
  const tape = new TapeGate(machine.memory, session.calls, TAPE);
  const guest = { ...machine, frames: tape, cpus: [{ cpu: 0, gate: tape, present: true, online: true }] };
  const iommu = new RootIommu(guest, {
    flavour,
    ...DRIVER_GENERATIONS[generation],
    directAttach: flavour === 'l1vh',
    ownPartition: 1n,
  });
  iommu.init(QUIET_CORE);
  const groups = session.groups.map((names) =>
    names.map((name) => [name, makeDevice(name, session, options)] as const),
  );
  for (const [, device] of groups.flat()) iommu.attach(iommu.identity, device);

  const partitions = session.calls
    .filter(({ code }) => code === CODES.attachDevice)
    .map(({ input }) => wordAt(input, 0));
  let user: VfioContainer | undefined;
  for (const one of session.operations) {
    if (one.op === 'open') {
      const members = groups.find((group) => group.some(([name]) => name === one.device)) ?? [];
      const makeDomain = () => {
        if (one.kind === 'partition') return gained(iommu.allocDirect(partitions[0] ?? 0n));
        const domain = gained(iommu.allocPaging());
        if (habits !== undefined) takeHabits(domain, guest, habits);
        return domain;
      };
      user = new VfioContainer(
        iommu,
        Array.from(members, ([, device]) => device),
        makeDomain,
      );
    } else if (one.op === 'map') user?.map(one.iova, one.frames, one.writable);
    else if (one.op === 'unmap') user?.unmap(one.iova);
    else user?.close();
  }
  tape.end();
  const { same, differences } = tape;
  return { calls: session.calls.length, same, operations: session.operations.length, differences };
}

/** An L1VH partition's logical ids come from its virtual buses: the recorded one is the input here. */
function makeDevice(name: string, { calls }: RecordedSession, { requesters, flavour }: SessionOptions): IommuDevice {
  const requester = requesters?.[name];
  const given = flavour === 'l1vh' ? calls.find(({ code }) => code === CODES.attachDevice) : undefined;
  return new IommuDevice(addressOf(name), {
    ...(requester === undefined ? {} : { requester: addressOf(requester) }),
    ...(given === undefined ? {} : { logicalId: wordAt(given.input, 24) }),
  });
}
