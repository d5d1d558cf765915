import { suite } from 'uvu';
import { hv_device_id } from '../../src/abi/hv/device-id.js';
import { viewOf } from '../../src/bytes/span.js';
import { deviceIdReading } from '../../src/capture/device-readings.js';
import { DomainNumberPool, type DomainPolicy } from '../../src/guest/device-id/domain-number-pool.js';
import type { IommufdOptions } from '../../src/guest/iommufd/iommufd-context.js';
import { Arm64Interrupts } from '../../src/guest/vpci-interrupts/arm64-interrupts.js';
import { MessageComposer } from '../../src/guest/vpci-interrupts/compose.js';
import type { MessageIrq } from '../../src/guest/vpci-interrupts/message-irq.js';
import { type PciRequester, pciDeviceId, pciDeviceIdOf } from '../../src/hypercall/pci-device-id.js';
import { decode } from '../../src/layout/codec.js';
import { type Outcome, success } from '../../src/ports/outcome.js';
import { errnoOf, nestedMachine, SMMU_TYPE } from '../guest/iommufd/machine.js';
import { FakeGuest } from '../guest/pci/fake-guest.js';
import { capturedHost, FakeBus, makeBlock } from '../guest/vpci-interrupts/fake-bus.js';
import { FakeGic } from '../guest/vpci-interrupts/fake-gic.js';
import { BusRig, message, OK, V1_4, WINDOW } from '../vsp/vpci/bus-rig.js';
import { twoSided } from './two-sided.js';

const questions = suite('questions that no source answers');
const both = twoSided(questions);

both<DomainPolicy | undefined>('LDID-42: a number that is taken: the next free one above, then the lowest', {
  check: (policy) => {
    const pool = new DomainNumberPool(() => undefined, policy);
    const ask = (request: number): number | undefined => {
      const outcome = pool.take(request);
      return outcome.ok ? outcome.value : undefined;
    };
    return {
      'as asked': ask(0x100) === 0x100,
      'the next above': ask(0x100) === 0x101,
      'the lowest where none is above': ask(0xffff) === 0xffff && ask(0xffff) === 1,
    };
  },
  ours: () => undefined,
  criticised: {
    'the lowest at once (Linux up to 6.17)': [() => 'bitmap', 'the next above', 'the lowest where none is above'],
    'none where none is above (Linux from 6.18)': [() => 'ida', 'the lowest where none is above'],
  },
});

both<IommufdOptions | undefined>('VIO-40: a queue of events has 524,288 places at most, unless told otherwise', {
  check: (options) => {
    const { context, viommu } = nestedMachine(options);
    const ask = (depth: number) => errnoOf(context.allocVeventq({ viommuId: viommu, type: SMMU_TYPE, depth }));
    return { 'one more is refused': ask(0x80001) === 'EINVAL', 'as many are there': ask(0x80000) === 'ok' };
  },
  ours: () => undefined,
  criticised: {
    'no bound': [() => ({ maxVeventqDepth: 0xffffffff }), 'one more is refused', 'as many are there'],
    'another bound': [() => ({ maxVeventqDepth: 1024 }), 'as many are there'],
  },
});

/** How a bus answers. */
type Ask = (rig: BusRig) => (payload: Uint8Array) => string;

const VERSION = message(0x13, V1_4);
const RELATIONS = message(1);
const D0 = message(7, 0, BigInt(WINDOW));

/** What a bus says to messages in an order; the query for relations is answered by relations, without a completion. */
const answers = (ask: Ask, order: readonly Uint8Array[]): boolean => {
  const rig = new BusRig();
  const answer = ask(rig);
  return order.every((payload) => {
    if (payload !== RELATIONS) return answer(payload).startsWith(OK);
    return rig.tell(payload).some((hex) => hex.startsWith('19004942'));
  });
};

both<Ask>('VPCI-13: a host takes the query for relations before D0 entry and behind it', {
  check: (ask) => ({
    'before it, as Linux does': answers(ask, [VERSION, RELATIONS, D0]),
    'behind it, as older kernels do': answers(ask, [VERSION, D0, RELATIONS]),
  }),
  ours: () => (rig) => (payload) => rig.ask(payload),
  criticised: {
    'D0 entry behind relations only': [
      () => (rig) => {
        let asked = false;
        const { tell } = rig;
        rig.tell = (payload) => {
          asked = true;
          return tell.call(rig, payload);
        };
        return (payload) => (payload === D0 && !asked ? '840100c0' : rig.ask(payload));
      },
      'behind it, as older kernels do',
    ],
  },
});

type Strategy = new (...args: ConstructorParameters<typeof Arm64Interrupts>) => Arm64Interrupts;

/** Names 32 for a block, as on x64, where a retarget corrects it. */
class Dummy extends Arm64Interrupts {
  override vectorOf(irq: MessageIrq): number {
    return irq.kind === 'msi' && irq.block.length > 1 ? 32 : super.vectorOf(irq);
  }
}

both<Strategy>('ARM-15: for a block of messages the host is told the INTID that the first one has', {
  check: (Kind) => {
    const guest = new FakeGuest([0], 'arm64');
    const arch = new Kind(guest, new FakeGic());
    const bus = new FakeBus(guest);
    bus.channel.answer = capturedHost();
    const block = makeBlock(bus, 'msi', 4);
    arch.allocate(block);
    new MessageComposer(guest, arch).compose(block[0]!);
    return {
      'they follow one another': block.every(({ vector }, i) => vector === 64 + i),
      'the first one is told': bus.channel.sent[0]?.slice(16, 24) === '40000000',
      'no call corrects it': guest.calls.length === 0,
    };
  },
  ours: () => Arm64Interrupts,
  criticised: { 'a number that nobody has': [() => Dummy, 'the first one is told'] },
});

/** What a decoder says of a device id. */
type Reading = (id: bigint) => string;

/** Reads an id by its two bits at the top alone. */
const byTypeBits: Reading = (id) => {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, id, true);
  return Object.keys(decode(hv_device_id, bytes)).join();
};

both<Reading>('LDID-03: a logical id whose upper half is all ones is flagged, and read as no ACPI id', {
  check: (reading) => ({
    'it is flagged': /sign-extended/.test(reading(0xffffffff800000f8n)),
    'it is no ACPI id': !/acpi/i.test(reading(0xffffffff800000f8n)),
    'one that is no longer than it should be is not flagged': !/sign-extended/.test(reading(0x800000f8n)),
    'an ACPI id that means it stays one': /acpi/i.test(reading(0xc000000100001000n)),
  }),
  ours: () => (id) =>
    JSON.stringify(deviceIdReading(id), (_key, value) => (typeof value === 'bigint' ? `${value}` : value)),
  criticised: { 'by its type bits': [() => byTypeBits, 'it is flagged', 'it is no ACPI id'] },
});

type NameOf = (requester: PciRequester) => Outcome<bigint>;

both<NameOf>('LDID-08: a device behind a bridge that puts its own address into requests has no PCI id here', {
  check: (nameOf) => {
    const at = (device: number) => ({ segment: 0, bus: 0, device, function: 0 });
    const plain = nameOf({ at: at(3), aliases: [at(3)] });
    const aliased = nameOf({ at: at(6), aliases: [at(4)] });
    return {
      'a plain one has': plain.ok && plain.value === 0x4000000000000018n,
      'an aliased one is refused': !aliased.ok && aliased.errno === 'EOPNOTSUPP',
    };
  },
  ours: () => pciDeviceIdOf,
  criticised: {
    'its own address, which no request carries': [
      () =>
        ({ at }) =>
          success(pciDeviceId(at)),
      'an aliased one is refused',
    ],
  },
});

questions.run();
