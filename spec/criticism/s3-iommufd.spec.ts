import { suite } from 'uvu';
import { iommu_hwpt_pgfault } from '../../src/abi/iommufd/fault.js';
import { iommufd_hwpt_alloc_flags } from '../../src/abi/iommufd/hwpt.js';
import { Smmuv3EventHandler } from '../../src/guest/iommufd/event-routing.js';
import type { PhysicalDevice } from '../../src/guest/iommufd/physical.js';
import { decodeSmmuv3Event, encodeSmmuv3Event, type Smmuv3Words } from '../../src/guest/iommufd/smmuv3-event.js';
import { userBuffer } from '../../src/guest/iommufd/user-buffer.js';
import { splitVevents } from '../../src/guest/iommufd/vevent-reader.js';
import type { VdeviceLookup } from '../../src/guest/iommufd/viommu-handle.js';
import { decode } from '../../src/layout/codec.js';
import { got, type NestedMachine, nestedMachine, physical, SMMU_TYPE } from '../guest/iommufd/machine.js';
import { twoSided } from './two-sided.js';

const s3 = suite('criticism of iommufd events');
const both = twoSided(s3);

const STALL = 1n << 31n;
const VIRTUAL = 0x9000_0000;
const event = (second = 0n): Smmuv3Words => [0x10n | (0x21n << 32n), second, 0x4000_1234n, 0n];

/** Takes one record of a device with StreamID 0x21. */
type Handle = (words: Smmuv3Words) => void;
type MakeHandle = (machine: NestedMachine) => Handle;

const ours: MakeHandle = ({ context, iommu }) => {
  const handler = new Smmuv3EventHandler(context, iommu, () => undefined);
  return (words) => void handler.handle(words);
};

const isStalled = (words: Smmuv3Words): boolean => (words[1] & STALL) !== 0n;

/** Page faults with an id of somebody's choice. */
const faultsAs =
  (name: (machine: NestedMachine) => number): MakeHandle =>
  (machine) => {
    const right = ours(machine);
    return (words) => {
      if (!isStalled(words)) return right(words);
      const requests = [{ grpid: 0, perm: 1, address: 0x4000_1000n, last: true }];
      machine.context.faultFile(machine.fault)?.report({ deviceId: name(machine), requests, answer: () => undefined });
    };
  };

/** Events with the id of the DEVICE where the virtual one belongs. */
const eventsAsDevice: MakeHandle = (machine) => {
  const right = ours(machine);
  return (words) => {
    if (isStalled(words)) return right(words);
    const { viommu } = machine.context.deviceOf(machine.iommu, 0x21) ?? {};
    const record: Smmuv3Words = [0x10n | (BigInt(machine.device) << 32n), words[1], words[2], words[3]];
    viommu?.reportEvent(SMMU_TYPE, encodeSmmuv3Event(record));
  };
};

function readFault(machine: NestedMachine): number | undefined {
  const bytes = new Uint8Array(40);
  const length = got(machine.context.faultFile(machine.fault)!.read(userBuffer(bytes)));
  return length === 0 ? undefined : decode(iommu_hwpt_pgfault, bytes).dev_id;
}

both<MakeHandle>(
  'VIO-01 VIO-20 VIO-22: a page fault names the DEVICE, with or without a virtual IOMMU; an event the virtual StreamID',
  {
    check: (make) => {
      const machine = nestedMachine();
      const { context, device, viommu, ioas, fault, nested } = machine;
      got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: BigInt(VIRTUAL) }));
      const queue = got(context.allocVeventq({ viommuId: viommu, type: SMMU_TYPE, depth: 8 }));
      const flags = iommufd_hwpt_alloc_flags.IOMMU_HWPT_FAULT_ID_VALID;
      const plain = got(context.allocHwpt({ flags, deviceId: device, ptId: ioas, faultId: fault }));
      const handle = make(machine);
      got(context.attachDevice(device, nested));
      handle(event(STALL));
      const withViommu = readFault(machine);
      handle(event());
      const bytes = new Uint8Array(200);
      const length = got(context.veventFile(queue)!.read(userBuffer(bytes)));
      const [told] = splitVevents(bytes.subarray(0, length), 32);
      got(context.attachDevice(device, plain));
      handle(event(STALL));
      return {
        'a page fault under a virtual IOMMU': withViommu !== undefined && context.kindOf(withViommu) === 'device',
        'and without one, the same': readFault(machine) === device,
        'an event': told?.payload != null && decodeSmmuv3Event(told.payload)[0] >> 32n === BigInt(VIRTUAL),
      };
    },
    ours: () => ours,
    criticised: {
      'the virtual id in page faults': [
        () => faultsAs(() => VIRTUAL),
        'a page fault under a virtual IOMMU',
        'and without one, the same',
      ],
      'an id that depends on how the page table was made': [
        () => faultsAs(({ context, iommu, device }) => (context.deviceOf(iommu, 0x21)?.viommu ? VIRTUAL : device)),
        'a page fault under a virtual IOMMU',
      ],
      'the DEVICE id in events': [() => eventsAsDevice, 'an event'],
    },
  },
);

/** The virtual id of a device as a helper gives it, and whether it is one. */
type Helper = (lookup: VdeviceLookup, device: PhysicalDevice | null) => { readonly isId: boolean; readonly id: bigint };

const outcomes: Helper = (lookup, device) => {
  const reply = lookup.vdevId(device);
  return reply.ok ? { isId: true, id: reply.value } : { isId: false, id: 0n };
};

both<Helper>('VIO-07: a lookup of the virtual id says whether there is one, apart from what it is', {
  check: (helper) => {
    const { context, device, host, iommu, viommu } = nestedMachine();
    got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 0n }));
    return context.viommu(viommu)!.withVdevices((lookup) => ({
      'the id 0 is an id': helper(lookup, host).isId && helper(lookup, host).id === 0n,
      'no device is none': !helper(lookup, null).isId,
      'a device without one has none': !helper(lookup, physical(iommu, 0x55)).isId,
    }));
  },
  ours: () => outcomes,
  criticised: {
    'the id itself, 0 for none': [
      () => (lookup, device) => {
        const { id } = outcomes(lookup, device);
        return { isId: id !== 0n, id };
      },
      'the id 0 is an id',
    ],
    'the id itself, any number an id': [
      () => (lookup, device) => ({ isId: true, id: outcomes(lookup, device).id }),
      'no device is none',
      'a device without one has none',
    ],
  },
});

s3.run();
