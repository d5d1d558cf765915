import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { iommu_hwpt_page_response, iommu_hwpt_pgfault } from '../../../src/abi/iommufd/fault.js';
import { iommufd_hwpt_alloc_flags } from '../../../src/abi/iommufd/hwpt.js';
import { routeOfSeries2024, routeOfSmmuv3, Smmuv3EventHandler } from '../../../src/guest/iommufd/event-routing.js';
import { IommufdContext } from '../../../src/guest/iommufd/iommufd-context.js';
import { decodeSmmuv3Event, type Smmuv3Words } from '../../../src/guest/iommufd/smmuv3-event.js';
import { StalledAccess } from '../../../src/guest/iommufd/stalled-access.js';
import { userBuffer } from '../../../src/guest/iommufd/user-buffer.js';
import { splitVevents } from '../../../src/guest/iommufd/vevent-reader.js';
import { decode, encode } from '../../../src/layout/codec.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import { errnoOf, got, type NestedMachine, nestedMachine, physical, SMMU_TYPE, smmu, WITH_STE } from './machine.js';

const routing = suite('iommufd fault routing');
const STALL = 1n << 31n;
const STAGE_2 = 1n << 39n;
const SSV = 1n << 11n;
const event = (id: number, second = 0n, stream = 0x21n): Smmuv3Words => [
  BigInt(id) | (stream << 32n),
  second,
  0x4000_1234n,
  0n,
];

interface Rig extends NestedMachine {
  readonly handler: Smmuv3EventHandler;
  readonly log: LogLine[];
  readonly veventq: number;
}

function make(withVdevice = true, machine = nestedMachine()): Rig {
  const { context, device, viommu, nested } = machine;
  const log: LogLine[] = [];
  if (withVdevice) got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 0x9000_0000n }));
  const veventq = got(context.allocVeventq({ viommuId: viommu, type: SMMU_TYPE, depth: 8 }));
  got(context.attachDevice(device, nested));
  const handler = new Smmuv3EventHandler(context, machine.iommu, (line) => log.push(line));
  return { ...machine, handler, log, veventq };
}

function readFaults(rig: NestedMachine): iommu_hwpt_pgfaultValue[] {
  const bytes = new Uint8Array(400);
  const length = got(rig.context.faultFile(rig.fault)?.read(userBuffer(bytes)) ?? { ok: true, value: 0 });
  return Array.from({ length: length / 40 }, (_, i) =>
    decode(iommu_hwpt_pgfault, bytes, { offset: i * 40, trailing: 'ignore' }),
  );
}
type iommu_hwpt_pgfaultValue = ReturnType<typeof decode<typeof iommu_hwpt_pgfault>>;

function readEvents(rig: Rig): Smmuv3Words[] {
  const bytes = new Uint8Array(400);
  const length = got(rig.context.veventFile(rig.veventq)?.read(userBuffer(bytes)) ?? { ok: true, value: 0 });
  return splitVevents(bytes.subarray(0, length), 32).map((one) => decodeSmmuv3Event(one.payload ?? new Uint8Array(32)));
}

routing('VIO-20 S3 the rule of the series of 2024', () => {
  const rows = [
    [true, true, true, 'fault-queue'],
    [true, false, false, 'fault-queue'],
    [false, true, true, 'event-queue'],
    [false, true, false, 'host-log'],
    [false, false, true, 'host-log'],
  ] as const;
  for (const [recoverablePageFault, virtualType, virqRegistered, to] of rows)
    assert.is(routeOfSeries2024({ recoverablePageFault, virtualType, virqRegistered }), to);
});

routing('VIO-21 the rule of Linux for each kind of event', () => {
  const rows = [
    [{ id: 0x10, stall: true, stage2: false }, true, 'fault-queue'],
    [{ id: 0x10, stall: true, stage2: true }, false, 'fault-queue'],
    [{ id: 0x10, stall: false, stage2: false }, true, 'event-queue'],
    [{ id: 0x10, stall: false, stage2: true }, true, 'host-log'],
    [{ id: 0x10, stall: false, stage2: false }, false, 'host-log'],
    [{ id: 0x02, stall: false, stage2: false }, true, 'host-log'],
    [{ id: 0x02, stall: true, stage2: false }, true, 'host-log'],
  ] as const;
  for (const [about, nested, to] of rows) assert.is(routeOfSmmuv3(about, nested), to, JSON.stringify(about));
});

routing('VIO-21 VIO-32 what nobody handles is dumped into the log', () => {
  const rig = make();
  const rows = [
    ['EOPNOTSUPP', event(0x10, STAGE_2)],
    ['EOPNOTSUPP', event(0x03)],
    ['EINVAL', event(0x10, 0n, 0x99n)],
    ['ok', event(0x10)],
  ] as const;
  for (const [errno, words] of rows) assert.is(errnoOf(rig.handler.handle(words)), errno);
  assert.equal(
    rig.log.map((line) => [line.code, line.fields?.id, line.fields?.streamId]),
    [
      ['smmuv3-event', 0x10, 0x21],
      ['smmuv3-event', 0x03, 0x21],
      ['smmuv3-event', 0x10, 0x99],
    ],
  );
  assert.is(readEvents(rig).length, 1);
});

routing('VIO-21 a stalled event that nobody can handle is answered all the same', () => {
  const rig = make();
  const answers: string[] = [];
  for (const words of [event(0x03, STALL), event(0x10, STALL, 0x99n)])
    rig.handler.handle(words, (answer) => answers.push(answer));
  assert.equal(answers, ['invalid', 'invalid']);
});

routing('VIO-01 VIO-22 S3 a page fault carries the DEVICE id, an event the virtual StreamID', () => {
  const rig = make();
  got(rig.handler.handle(event(0x10, STALL | 0x5n)));
  got(rig.handler.handle(event(0x13)));
  const [fault] = readFaults(rig);
  const [told] = readEvents(rig);
  assert.equal([fault?.dev_id, fault?.grpid, fault?.addr], [rig.device, 5, 0x4000_1000n]);
  // The criticised ambiguity: a virtual or physical StreamID where the DEVICE id belongs, or the other way round.
  assert.is.not(fault?.dev_id, 0x9000_0000);
  assert.is.not(fault?.dev_id, 0x21);
  assert.equal(told, [0x9000_0000_0000_0013n, 0n, 0x4000_1234n, 0n]);
});

routing('VIO-22 with and without a virtual IOMMU the page fault is the same', () => {
  const rig = make();
  const { context, device, ioas, fault } = rig;
  const flags = iommufd_hwpt_alloc_flags.IOMMU_HWPT_FAULT_ID_VALID;
  const plain = got(context.allocHwpt({ flags, deviceId: device, ptId: ioas, faultId: fault }));
  got(rig.handler.handle(event(0x10, STALL | 0x5n)));
  const nestedFault = readFaults(rig)[0];
  got(context.attachDevice(device, plain));
  got(rig.handler.handle(event(0x10, STALL | 0x5n)));
  assert.equal(readFaults(rig)[0], nestedFault);
  assert.is(errnoOf(rig.handler.handle(event(0x10))), 'EOPNOTSUPP');
});

routing('VIO-20 VIO-22 S3 a page fault with the virtual id in place of the DEVICE id names no device', () => {
  const rig = make();
  const { context, device, fault } = rig;
  const sent = { grpid: 1, perm: 1, address: 0n, last: true };
  const virtual = 0x9000_0000;
  // The criticised variant, straight into the queue; the kernel's own way after it.
  context.faultFile(fault)?.report({ deviceId: virtual, requests: [sent], answer: () => undefined });
  got(context.reportPageRequest(device, sent, () => undefined));
  assert.equal(
    readFaults(rig).map((one) => context.kindOf(one.dev_id)),
    [undefined, 'device'],
  );
});

routing(
  'VIO-67 E2E-10 a stalled access goes on after the response; F_TRANSLATION is read with the virtual StreamID',
  () => {
    const rig = make();
    let mapped = false;
    const access = new StalledAccess(
      () => mapped,
      (answer) => rig.handler.handle(event(0x10, STALL | 0x5n), answer),
    );
    got(rig.handler.handle(event(0x10)));
    assert.equal(readEvents(rig), [[0x9000_0000_0000_0010n, 0n, 0x4000_1234n, 0n]]);
    const [fault] = readFaults(rig);
    assert.equal([fault?.dev_id, access.state], [rig.device, 'waiting']);
    mapped = true;
    const response = encode(iommu_hwpt_page_response, { cookie: fault?.cookie ?? 0, code: 0 });
    got(rig.context.faultFile(rig.fault)?.write(userBuffer(response)) ?? { ok: false, errno: 'ENODEV' });
    assert.is(access.state, 'done');
  },
);

routing('VIO-23 an event of a device without a VDEVICE is dropped: ENOENT, not lost, not logged', () => {
  const rig = make(false);
  assert.is(errnoOf(rig.handler.handle(event(0x10))), 'ENOENT');
  assert.equal(rig.log, []);
  got(rig.context.allocVdevice({ viommuId: rig.viommu, deviceId: rig.device, virtId: 0n }));
  got(rig.handler.handle(event(0x10)));
  const bytes = new Uint8Array(80);
  got(rig.context.veventFile(rig.veventq)?.read(userBuffer(bytes)) ?? { ok: false, errno: 'ENODEV' });
  assert.equal(
    splitVevents(bytes.subarray(0, 40), 32).map((one) => one.sequence),
    [0],
  );
});

routing('VIO-24 a page fault that nobody handles is answered with failure', () => {
  const rig = make();
  const answers: string[] = [];
  const onIoas = got(rig.context.attachDevice(rig.device, rig.ioas));
  assert.is(rig.context.kindOf(onIoas), 'hwpt');
  assert.is(errnoOf(rig.handler.handle(event(0x10, STALL), (answer) => answers.push(answer))), 'EINVAL');
  got(rig.context.detachDevice(rig.device));
  assert.is(errnoOf(rig.handler.handle(event(0x10, STALL), (answer) => answers.push(answer))), 'EINVAL');
  assert.equal(answers, ['invalid', 'invalid']);
  assert.equal(readFaults(rig), []);
});

routing('VIO-24 without a handler each message of a group is answered, not the last one alone', () => {
  const { context, device, ioas } = nestedMachine();
  got(context.attachDevice(device, ioas));
  const answers: string[] = [];
  for (const last of [false, false, true]) {
    const asked = { grpid: 1, perm: 1, address: 0n, last };
    const told = context.reportPageRequest(device, asked, (answer) => answers.push(`${last} ${answer}`));
    assert.is(errnoOf(told), 'EINVAL');
  }
  assert.equal(answers, ['false invalid', 'false invalid', 'true invalid']);
});

routing('VIO-24 a page fault with a PASID is for a nested page table, whatever that is on; without one for any', () => {
  const machine = nestedMachine({}, smmu('smmu0', { nestsOnPageTables: true }));
  const { context, device, ioas, parent, fault, nested } = machine;
  const flags = iommufd_hwpt_alloc_flags.IOMMU_HWPT_FAULT_ID_VALID;
  const ask = { flags, deviceId: device, faultId: fault };
  const plain = got(context.allocHwpt({ ...ask, ptId: ioas }));
  const onParent = got(context.allocHwpt({ ...ask, ptId: parent, ...WITH_STE }));
  const handler = new Smmuv3EventHandler(context, machine.iommu, () => undefined);
  const pasid = SSV | (0x77n << 12n);
  const rows = [
    [plain, pasid, 'EINVAL', ['invalid'], []],
    [plain, 0n, 'ok', [], [0]],
    [nested, pasid, 'ok', [], [0x77]],
    [nested, SSV, 'ok', [], [0]],
    [onParent, pasid, 'ok', [], [0x77]],
  ] as const;
  for (const [hwpt, first, errno, answered, pasids] of rows) {
    got(context.attachDevice(device, hwpt));
    const answers: string[] = [];
    const [id, ...rest] = event(0x10, STALL);
    assert.is(errnoOf(handler.handle([id | first, ...rest], (answer) => answers.push(answer))), errno);
    assert.equal(answers, answered);
    const told = readFaults(machine);
    assert.equal(
      told.map((one) => one.pasid),
      pasids,
    );
    assert.ok(told.every((one) => (one.flags & 1) === (first === 0n ? 0 : 1)));
  }
});

routing('VIO-21 what a queue is missing for, and a stall without a handler, is in the log', () => {
  const { context, device, viommu, ioas, nested, iommu } = nestedMachine();
  got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 1n }));
  const log: LogLine[] = [];
  const handler = new Smmuv3EventHandler(context, iommu, (line) => log.push(line));
  got(context.attachDevice(device, nested));
  assert.is(errnoOf(handler.handle(event(0x13))), 'EOPNOTSUPP');
  got(context.attachDevice(device, ioas));
  assert.is(errnoOf(handler.handle(event(0x12, STALL))), 'EINVAL');
  assert.equal(
    log.map(({ fields }) => [fields?.iommu, fields?.id, fields?.streamId]),
    [
      ['smmu0', 0x13, 0x21],
      ['smmu0', 0x12, 0x21],
    ],
  );
});

routing('VIO-22 E2E-10 one SMMU, two processes: each is told of its own devices', () => {
  const shared = smmu();
  const first = nestedMachine({}, shared);
  const second = new IommufdContext();
  // Ids of a context are its own: both devices have the same one.
  const ids = [got(second.allocIoas()), got(second.bindDevice(physical(shared, 0x35)))];
  const fault = got(second.allocFault());
  const flags = iommufd_hwpt_alloc_flags.IOMMU_HWPT_FAULT_ID_VALID;
  const plain = got(second.allocHwpt({ flags, deviceId: ids[1]!, ptId: ids[0]!, faultId: fault }));
  got(second.attachDevice(ids[1]!, plain));
  got(first.context.attachDevice(first.device, first.nested));
  const log: LogLine[] = [];
  const contexts = new Set([first.context]);
  const handler = new Smmuv3EventHandler(contexts, shared, (line) => log.push(line));
  // Whoever comes later is found, too.
  assert.is(errnoOf(handler.handle(event(0x10, STALL, 0x35n))), 'EINVAL');
  contexts.add(second);
  got(handler.handle(event(0x10, STALL | 1n, 0x35n)));
  got(handler.handle(event(0x10, STALL | 2n)));
  const pending = (context: IommufdContext, id: number): number | undefined => context.faultFile(id)?.numPending;
  assert.equal([pending(first.context, first.fault), pending(second, fault), log.length], [1, 1, 1]);
  assert.is(readFaults(first)[0]?.grpid, 2);
});

routing('VIO-31 a virtual id of more than 32 bits is not reported as another one', () => {
  const machine = nestedMachine({}, smmu('wide', { virtIdBits: 64 }));
  const rig = make(false, machine);
  got(rig.context.allocVdevice({ viommuId: rig.viommu, deviceId: rig.device, virtId: 1n << 32n }));
  assert.is(errnoOf(rig.handler.handle(event(0x10))), 'EINVAL');
  assert.equal(readEvents(rig), []);
});

routing.run();
