import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Smmuv3EventHandler } from '../../../src/guest/iommufd/event-routing.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import { errnoOf, got, type NestedMachine, nestedMachine, physical, SMMU_TYPE } from './machine.js';

const several = suite('iommufd: several virtual IOMMUs, several devices');

/** Another virtual IOMMU on the same page table. */
const secondViommu = ({ context, device, parent }: NestedMachine): number =>
  got(context.allocViommu({ type: SMMU_TYPE, deviceId: device, hwptId: parent }));

several('VIO-03 a device has one VDEVICE, on whichever virtual IOMMU', () => {
  const machine = nestedMachine();
  const { context, device, viommu } = machine;
  const other = secondViommu(machine);
  const vdevice = got(context.allocVdevice({ viommuId: viommu, deviceId: device, virtId: 1n }));
  const ask = { viommuId: other, deviceId: device, virtId: 2n };
  assert.is(errnoOf(context.allocVdevice(ask)), 'EEXIST');
  got(context.destroy(vdevice));
  assert.is(errnoOf(context.allocVdevice(ask)), 'ok');
});

several('VIO-40 each virtual IOMMU has its own queue of a type', () => {
  const machine = nestedMachine();
  const { context, viommu } = machine;
  const other = secondViommu(machine);
  const ask = { type: SMMU_TYPE, depth: 4 };
  const queues = [viommu, other].map((viommuId) => got(context.allocVeventq({ ...ask, viommuId })));
  for (const viommuId of [viommu, other]) assert.is(errnoOf(context.allocVeventq({ ...ask, viommuId })), 'EEXIST');
  got(context.viommu(other)!.reportEvent(SMMU_TYPE, new Uint8Array(32)));
  assert.equal(
    queues.map((id) => context.veventFile(id)?.numEvents),
    [0, 1],
  );
});

several('VIO-21 VIO-23 an event belongs to the virtual IOMMU of the page table, not to that of the VDEVICE', () => {
  const machine = nestedMachine();
  const { context, device, iommu, viommu, nested } = machine;
  const other = secondViommu(machine);
  const queues = [viommu, other].map((viommuId) => got(context.allocVeventq({ viommuId, type: SMMU_TYPE, depth: 4 })));
  got(context.allocVdevice({ viommuId: other, deviceId: device, virtId: 5n }));
  got(context.attachDevice(device, nested));
  const log: LogLine[] = [];
  const handler = new Smmuv3EventHandler(context, iommu, (line) => log.push(line));
  assert.is(errnoOf(handler.handle([0x21_0000_0010n, 0n, 0n, 0n])), 'ENOENT');
  assert.equal(
    queues.map((id) => context.veventFile(id)?.numRecords),
    [0, 0],
  );
  assert.equal(log, []);
});

several('VIO-65 a device that is detached takes its own page faults along, not those of its neighbour', () => {
  const { context, device, iommu, nested, fault } = nestedMachine();
  const neighbour = got(context.bindDevice(physical(iommu, 0x22)));
  const answers: string[] = [];
  const ask = (from: number, grpid: number, last = true): void => {
    const answer = (given: string): number =>
      answers.push(`${from === device ? 'device' : 'neighbour'} ${grpid} ${given}`);
    got(context.reportPageRequest(from, { grpid, perm: 1, address: 0n, last }, answer));
  };
  for (const id of [device, neighbour]) {
    got(context.attachDevice(id, nested));
    ask(id, 1);
    ask(id, 2, false);
  }
  got(context.detachDevice(device));
  assert.equal(answers, ['device 1 invalid', 'device 2 invalid']);
  const queue = context.faultFile(fault)!;
  assert.is(queue.numPending, 1);
  ask(neighbour, 2);
  assert.is(queue.numPending, 2);
  got(context.unbindDevice(neighbour));
  assert.equal(answers.slice(2).sort(), ['neighbour 1 invalid', 'neighbour 2 invalid', 'neighbour 2 invalid']);
});

several.run();
