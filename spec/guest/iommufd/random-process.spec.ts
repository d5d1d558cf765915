import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { iommufd_ioctl } from '../../../src/abi/iommufd/command.js';
import { iommufdRequests } from '../../../src/abi/iommufd/requests.js';
import { evtq_ent } from '../../../src/abi/iommufd/smmuv3-event.js';
import { Smmuv3EventHandler } from '../../../src/guest/iommufd/event-routing.js';
import { FaultQueue } from '../../../src/guest/iommufd/fault-queue.js';
import { IommufdDevice } from '../../../src/guest/iommufd/ioctl.js';
import { IommufdContext } from '../../../src/guest/iommufd/iommufd-context.js';
import { decodeSmmuv3Event } from '../../../src/guest/iommufd/smmuv3-event.js';
import { type AccessState, StalledAccess } from '../../../src/guest/iommufd/stalled-access.js';
import { userBuffer } from '../../../src/guest/iommufd/user-buffer.js';
import { VeventQueue } from '../../../src/guest/iommufd/vevent-queue.js';
import { LossCount, splitVevents } from '../../../src/guest/iommufd/vevent-reader.js';
import { encode } from '../../../src/layout/codec.js';
import { pick } from '../../../src/layout/group.js';
import { randomWords } from '../../support/random.js';
import { got, physical, SMMU_TYPE, smmu, WITH_STE } from './machine.js';

const random = suite('iommufd: a process that does anything');
const RUNS = 60;
const STEPS = 300;
const STREAMS = [1, 2, 3];
const SSV = 1n << 11n;
const FDS = [3, 4, 5, 6, 7];

interface Run {
  readonly draw: (n: number) => number;
  readonly context: IommufdContext;
  readonly device: IommufdDevice;
  readonly iommu: ReturnType<typeof smmu>;
  readonly accesses: StalledAccess[];
  /** Answers that the kernel gave each access: one a fault. */
  readonly answers: number[];
  readonly faults: number[];
}

/** A structure of a request with plausible words, now and then with others. */
function argument({ draw }: Run): { request: number; bytes: Uint8Array } {
  const { request, struct } = iommufdRequests[draw(iommufdRequests.length)]!;
  const { size } = pick(struct).type;
  const bytes = new Uint8Array(size + (draw(8) === 0 ? 8 : 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, draw(10) === 0 ? draw(64) : size, true);
  for (let at = 4; at + 4 <= size; at += 4) {
    const word = [0, 0, 0, 1, 2, 4, 16, draw(12), draw(12), draw(12), draw(2) === 0 ? 0xffffffff : 0][draw(11)]!;
    view.setUint32(at, word, true);
  }
  return { request, bytes };
}

function event({ draw }: Run, streamId: number, stall: boolean): Uint8Array {
  const words = new BigUint64Array(4);
  words[0] = BigInt([0x10, 0x12, 0x13, 0x0a, 0x03, draw(256)][draw(6)]!) | (BigInt(streamId) << 32n);
  if (draw(4) === 0) words[0] |= SSV;
  words[1] = (stall ? 1n << 31n : 0n) | BigInt(draw(4)) | (draw(8) === 0 ? 1n << 39n : 0n);
  words[2] = BigInt(draw(1 << 20)) << 12n;
  return new Uint8Array(words.buffer);
}

/** Two devices on a virtual IOMMU, with queues of both kinds: what chance would hardly put together. */
function begin({ context, device, iommu }: Run): void {
  const [first, second] = [1, 2].map((stream) => got(context.bindDevice(physical(iommu, stream)))) as [number, number];
  const ioas = got(context.allocIoas());
  const parent = got(context.allocHwpt({ flags: 1, deviceId: first, ptId: ioas }));
  const viommu = got(context.allocViommu({ type: SMMU_TYPE, deviceId: first, hwptId: parent }));
  const fault = new Uint32Array([16, 0, 0, 0]);
  got(device.ioctl(iommufd_ioctl.IOMMU_FAULT_QUEUE_ALLOC, new Uint8Array(fault.buffer)));
  const nested = { ptId: viommu, ...WITH_STE };
  const withFaults = got(context.allocHwpt({ ...nested, flags: 4, deviceId: first, faultId: fault[2]! }));
  const without = got(context.allocHwpt({ ...nested, deviceId: second }));
  got(context.allocVdevice({ viommuId: viommu, deviceId: first, virtId: 0n }));
  const events = new Uint32Array([32, 0, viommu, SMMU_TYPE, 4, 0, 0, 0]);
  got(device.ioctl(iommufd_ioctl.IOMMU_VEVENTQ_ALLOC, new Uint8Array(events.buffer)));
  got(context.attachDevice(first, withFaults));
  got(context.attachDevice(second, without));
}

function step(run: Run): void {
  const { draw, context, device, iommu } = run;
  const handler = new Smmuv3EventHandler(context, iommu, () => undefined);
  const stream = STREAMS[draw(STREAMS.length)]!;
  const file = device.file(FDS[draw(FDS.length)]!);
  switch (draw(12)) {
    case 0:
      context.bindDevice(physical(iommu, stream));
      return;
    case 1:
      if (draw(4) === 0) context.unbindDevice(draw(12));
      return;
    case 2:
      context.attachDevice(draw(12), draw(12));
      return;
    case 3:
      context.detachDevice(draw(12));
      return;
    case 4: {
      const n = run.accesses.length;
      run.answers.push(0);
      run.faults.push(0);
      const isThere = (): boolean => draw(3) === 0;
      run.accesses.push(
        new StalledAccess(isThere, (answer) => {
          run.faults[n]!++;
          handler.handle(decodeSmmuv3Event(event(run, stream, true)), (given) => {
            run.answers[n]!++;
            answer(given);
          });
        }),
      );
      return;
    }
    case 5:
      handler.handle(decodeSmmuv3Event(event(run, stream, false)));
      return;
    case 6:
      file?.read(userBuffer(new Uint8Array([0, 7, 40, 48, 80, 400][draw(6)]!)), draw(20) === 0 ? 8 : 0);
      return;
    case 7: {
      const words = Uint32Array.from({ length: 2 * draw(4) }, (_, i) => (i % 2 === 0 ? draw(6) : draw(3)));
      if (file instanceof FaultQueue) file.write(userBuffer(new Uint8Array(words.buffer)));
      return;
    }
    case 8:
      if (draw(3) === 0) device.close(FDS[draw(FDS.length)]!);
      return;
    default: {
      const { request, bytes } = argument(run);
      const before = bytes.slice();
      const done = device.ioctl(request, bytes);
      if (!done.ok) assert.equal(bytes, before, 'a refused request writes nothing');
    }
  }
}

random(`VIO-04 VIO-65 VIO-66 VIO-67 ${RUNS} processes: nothing throws, nobody waits for ever, nothing is left`, () => {
  const seen: Record<AccessState, number> = { waiting: 0, done: 0, aborted: 0 };
  const kinds = new Set<string>();
  for (let seed = 1; seed <= RUNS; seed++) {
    const next = randomWords(seed);
    const iommu = smmu('smmu0', seed % 4 < 2 ? {} : { nestsOnPageTables: true, nestedPasid: true });
    const context = new IommufdContext({
      deadIds: seed % 2 === 0 ? 'kept' : 'destroyable',
      ...(seed % 3 === 0 ? { maxOutstandingRequests: 1 } : {}),
    });
    const device = new IommufdDevice(context);
    const draw = (n: number): number => next() % n;
    const run: Run = { draw, context, device, iommu, accesses: [], answers: [], faults: [] };
    begin(run);
    for (let n = 0; n < STEPS; n++) {
      step(run);
      for (let id = 1; id < 12; id++) kinds.add(context.kindOf(id) ?? 'none');
    }
    // /dev/iommu before its queues or after them.
    if (seed % 5 < 2) device.release();
    for (const fd of FDS) device.close(fd);
    // More descriptors than those may have been given.
    for (let fd = 8; fd < 3 + STEPS; fd++) device.close(fd);
    if (seed % 5 < 2) assert.is(context.taken, 0, `seed ${seed}: with the last descriptor`);
    assert.equal(context.close(), [], `seed ${seed}`);
    assert.is(context.taken, 0, `seed ${seed}`);
    for (const [n, access] of run.accesses.entries()) {
      seen[access.state]++;
      assert.is.not(access.state, 'waiting', `seed ${seed}, access ${n}`);
      assert.is(run.answers[n], run.faults[n], `seed ${seed}, access ${n}: one answer a fault`);
    }
  }
  assert.ok(seen.done > 50 && seen.aborted > 50, JSON.stringify(seen));
  for (const kind of ['ioas', 'device', 'hwpt', 'viommu', 'vdevice', 'veventq', 'fault'])
    assert.ok(kinds.has(kind), kind);
});

random('VIO-42 VIO-49 whatever is read when: events read and events lost are the events that were reported', () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const next = randomWords(seed);
    const draw = (n: number): number => next() % n;
    const queue = new VeventQueue(1, 1 + draw(6), { allocate: () => draw(10) !== 0 });
    const losses = new LossCount();
    let reported = 0;
    let read = 0;
    const take = (count: number): void => {
      const bytes = new Uint8Array(count);
      const done = queue.read(userBuffer(bytes));
      for (const record of splitVevents(bytes.subarray(0, done.ok ? done.value : 0), evtq_ent.size)) {
        losses.take(record);
        if (record.payload !== undefined) read++;
      }
    };
    for (let n = 0; n < STEPS; n++) {
      if (draw(3) === 0) take(draw(6) * 40);
      else {
        queue.report(encode(evtq_ent, fieldsOf(n)));
        reported++;
      }
    }
    take(1000);
    assert.is(queue.numRecords, 0);
    assert.is(read + losses.total, reported, `seed ${seed}`);
  }
});

function fieldsOf(n: number): Parameters<typeof encode<typeof evtq_ent>>[1] {
  const none = { EVTQ_0_SSV: false, EVTQ_1_STALL: false, EVTQ_1_PnU: false, EVTQ_1_InD: false, EVTQ_1_RnW: false };
  return {
    ...none,
    EVTQ_0_ID: 0x10,
    EVTQ_0_SSID: 0,
    EVTQ_0_SID: n,
    EVTQ_1_STAG: 0,
    EVTQ_1_S2: false,
    EVTQ_1_CLASS: 2,
    EVTQ_1_TT_READ: false,
    EVTQ_2_ADDR: BigInt(n),
    evtq_3: { ipa: { EVTQ_3_IPA: 0n } },
  };
}

random.run();
