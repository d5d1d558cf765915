import * as deviceDomains from '../../abi/hypercalls/device-domains.js';
import type { Event } from '../../capture/event.js';
import { DRIVER_GENERATIONS, type DriverGeneration } from '../../guest/root-iommu/driver-generation.js';
import { IommuDevice } from '../../guest/root-iommu/iommu-device.js';
import { type IommuCore, RootIommu } from '../../guest/root-iommu/root-iommu.js';
import { parsePciAddress, pciAddressOfId, pciAddressText } from '../../hypercall/pci-address.js';
import { DONE } from '../../ports/outcome.js';
import type { RecordedCall } from '../replay/recorded-call.js';
import type { CallDifference } from './call-tape.js';
import { attachedDeviceOf, callsOf, directAttachOf } from './driver-calls.js';
import { driverMachine } from './driver-machine.js';
import { type SeriesHabits, SeriesIommu } from './series-habits.js';
import { VfioContainer } from './vfio-container.js';
import { notesOf, type VfioSession, vfioSession } from './vfio-operations.js';

const { HVCALL_ATTACH_DEVICE, HVCALL_ATTACH_DEVICE_DOMAIN } = deviceDomains;
/** Calls of the drivers of root and L1VH partitions. */
export const ROOT_CALLS = [
  HVCALL_ATTACH_DEVICE,
  deviceDomains.HVCALL_DETACH_DEVICE,
  deviceDomains.HVCALL_CREATE_DEVICE_DOMAIN,
  HVCALL_ATTACH_DEVICE_DOMAIN,
  deviceDomains.HVCALL_MAP_DEVICE_GPA_PAGES,
  deviceDomains.HVCALL_UNMAP_DEVICE_GPA_PAGES,
  deviceDomains.HVCALL_DETACH_DEVICE_DOMAIN,
  deviceDomains.HVCALL_DELETE_DEVICE_DOMAIN,
  deviceDomains.HVCALL_GET_IOMMU_CAPABILITIES,
];

const QUIET_CORE: IommuCore = { publish: () => DONE, unpublish: () => undefined, register: () => DONE };
/** Linux asks for its partition's number and deposits to it; the recorded host answers 1. */
const OWN_PARTITION = 1n;

export interface RootSessionOptions {
  readonly generation?: DriverGeneration;
  readonly flavour?: 'root' | 'l1vh';
  /** Where the recorded driver does worse: send the same. */
  readonly habits?: SeriesHabits;
  /** Devices whose requests carry another one's address, as text; found in the recording when absent. */
  readonly requesters?: Readonly<Record<string, string>>;
}

export interface DriverComparison {
  /** Recorded calls, and how many of them were made. */
  readonly calls: number;
  readonly same: number;
  /** What the recorded driver was asked for. */
  readonly requests: number;
  readonly differences: readonly CallDifference[];
}

/**
 * Makes our driver do what the recorded one of a root or L1VH partition was asked for, with the recorded answers, and compares
 * every call in order. Throws DecodeError E_RECORD for calls that cannot be read.
 */
export function compareRootDriver(events: readonly Event[], options: RootSessionOptions = {}): DriverComparison {
  const calls = callsOf(events, ROOT_CALLS);
  const session = vfioSession(notesOf(events), calls);
  const { generation = 'newest', flavour = 'root', habits } = options;
  const { tape, machine } = driverMachine(calls, { cpus: 1, separateOutput: true, recordedFrames: true });
  const choice = {
    flavour,
    ...DRIVER_GENERATIONS[generation],
    directAttach: flavour === 'l1vh',
    ownPartition: OWN_PARTITION,
  };
  const iommu = habits === undefined ? new RootIommu(machine, choice) : new SeriesIommu(machine, choice, habits);
  iommu.init(QUIET_CORE);
  const requesters = options.requesters ?? requestersOf(session, calls);
  const groups = session.groups.map((names) =>
    names.flatMap((name) => {
      const device = makeDevice(name, calls, flavour, requesters);
      return device === undefined ? [] : [[name, device] as const];
    }),
  );
  for (const [, device] of groups.flat()) iommu.attach(iommu.identity, device);
  run(iommu, groups, session, calls);
  const differences = tape.end();
  return { calls: calls.length, same: tape.same, requests: session.operations.length, differences };
}

type Groups = readonly (readonly (readonly [name: string, device: IommuDevice])[])[];

function run(iommu: RootIommu, groups: Groups, { operations }: VfioSession, calls: readonly RecordedCall[]): void {
  const given = calls.find(({ code }) => code === HVCALL_ATTACH_DEVICE.code);
  const partition = given === undefined ? 0n : directAttachOf(given).partition;
  let user: VfioContainer | undefined;
  for (const one of operations) {
    if (one.op === 'open') {
      const members = groups.find((group) => group.some(([name]) => name === one.device)) ?? [];
      const devices = members.map(([, device]) => device);
      const isDirect = one.kind === 'partition';
      user = VfioContainer.open(iommu, devices, () => (isDirect ? iommu.allocDirect(partition) : iommu.allocPaging()));
    } else if (one.op === 'map') user?.map(one.iova, one.frames, one.writable);
    else if (one.op === 'unmap') user?.unmap(one.iova);
    else user?.close();
  }
}

/** Undefined for a name that is no address. An L1VH partition's logical ids come from its virtual buses: the recorded one counts. */
function makeDevice(
  name: string,
  calls: readonly RecordedCall[],
  flavour: 'root' | 'l1vh',
  requesters: Readonly<Record<string, string>>,
): IommuDevice | undefined {
  const at = parsePciAddress(name);
  if (at === undefined) return undefined;
  const requester = parsePciAddress(requesters[name] ?? '');
  const given = flavour === 'l1vh' ? calls.find(({ code }) => code === HVCALL_ATTACH_DEVICE.code) : undefined;
  return new IommuDevice(at, {
    ...(requester === undefined ? {} : { requester }),
    ...(given === undefined ? {} : { logicalId: directAttachOf(given).device }),
  });
}

/**
 * Devices behind bridges, which a recording does not say: the core attaches devices in the order in which it lists them later, so
 * that the attach at a device's place names whom its requests come from.
 */
function requestersOf({ groups, listed }: VfioSession, calls: readonly RecordedCall[]): Record<string, string> {
  const names = groups.flat();
  const attaches = calls.filter(({ code, n }) => code === HVCALL_ATTACH_DEVICE_DOMAIN.code && n < listed);
  if (attaches.length !== names.length) return {};
  const pairs = attaches.map((call, i): [string, string] => {
    const at = pciAddressOfId(attachedDeviceOf(call));
    return [names[i]!, at === undefined ? '' : pciAddressText(at)];
  });
  return Object.fromEntries(pairs.filter(([name, address]) => address !== '' && address !== name));
}
