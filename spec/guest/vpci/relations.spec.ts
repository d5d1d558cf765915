import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pci_bus_relations, pci_bus_relations2 } from '../../../src/abi/vpci/bus.js';
import { pci_message_type } from '../../../src/abi/vpci/message.js';
import { Child, type FunctionDescription } from '../../../src/guest/vpci/child.js';
import { numaNodeOf } from '../../../src/guest/vpci/functions.js';
import { readRelations } from '../../../src/guest/vpci/relations.js';
import { encode } from '../../../src/layout/codec.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import { BASE, M } from './race-run.js';
import { VpciRig } from './vpci-rig.js';

const relations = suite('guest/vpci bus relations');

const HDR = { type: 6, offset8: 2, len8: 0, flags: 0, trans_id: 0n };
const DESCRIPTION: FunctionDescription = {
  v_id: 0x1414,
  d_id: 0xb111,
  rev: 1,
  prog_intf: 2,
  subclass: 8,
  base_class: 1,
  subsystem_id: 7,
  win_slot: { dev: 1, func: 2, reserved: 0 },
  ser: 9,
  flags: 0,
  virtual_numa_node: 0,
};

function packet(form: 1 | 2, count: number): Uint8Array {
  const type = form === 1 ? pci_message_type.PCI_BUS_RELATIONS : pci_message_type.PCI_BUS_RELATIONS2;
  const incoming = { hdr: HDR, message_type: { type } };
  const { flags, virtual_numa_node, ...first } = DESCRIPTION;
  return form === 1
    ? encode(pci_bus_relations, { incoming, device_count: count, func: Array.from({ length: count }, () => first) })
    : encode(pci_bus_relations2, {
        incoming,
        device_count: count,
        func: Array.from({ length: count }, () => ({
          ...first,
          flags: flags + 1,
          virtual_numa_node: virtual_numa_node + 3,
        })),
      });
}

for (const form of [1, 2] as const)
  for (const count of [0, 1, 3]) {
    const entry = form === 1 ? 20 : 28;
    relations(`VPCI-20: ${count} functions in form ${form}, and one byte less`, () => {
      const bytes = packet(form, count);
      assert.is(bytes.length, 24 + count * entry);
      const read = readRelations(bytes, form);
      assert.is(read?.length, count);
      if (count > 0) {
        assert.equal(read![0]!.win_slot, { dev: 1, func: 2, reserved: 0 });
        assert.equal([read![0]!.flags, read![0]!.virtual_numa_node], form === 1 ? [0, 0] : [1, 3]);
      }
      assert.is(readRelations(bytes.subarray(0, bytes.length - 1), form), undefined);
    });
  }

relations('VPCI-20: a count that no packet can hold', () => {
  const bytes = packet(2, 1);
  new DataView(bytes.buffer).setUint32(20, 0xffffffff, true);
  assert.is(readRelations(bytes, 2), undefined);
});

const device = (rig: VpciRig) => new BarDevice({ port: rig.port, msiVectors: 1 });

relations('VPCI-21: same slot, device and serial stay; another serial is another function', () => {
  const rig = new VpciRig({ functions: [{ func: 0 }, { func: 1 }] });
  rig.probe();
  const bus = rig.driver.buses[0]!;
  const before = [...bus.children];
  rig.channel.sent.length = 0;
  rig.bus.changeRelations([rig.functions[0]!, { dev: 0, func: 1, serial: 77, device: device(rig) }]);
  rig.queue.drain();
  assert.is(bus.childAt(0), before[0]);
  assert.is.not(bus.childAt(0x20), before[1]);
  assert.is(bus.childAt(0x20)?.description.ser, 77);
  const asked = rig.channel.sent.filter(({ payload }) => payload[0] === M.requirements);
  assert.equal(
    asked.map(({ payload }) => payload[4]),
    [0x20],
  );
});

relations('VPCI-21: a function that is missing loses its driver and its interrupts', () => {
  const rig = new VpciRig({ functions: [{ func: 0 }, { func: 1 }] });
  rig.probe();
  assert.is(rig.functionDriver.bound.length, 2);
  rig.bus.changeRelations([rig.functions[0]!]);
  rig.queue.drain();
  assert.is(rig.functionDriver.bound.length, 1);
  assert.is(rig.bus.leaks().interrupts, 1);
  assert.equal([...rig.driver.buses[0]!.root!.functions.keys()], [0]);
});

for (const bindsLateFunctions of [false, true])
  relations(`VPCI-21: a function that comes later is scanned, with${bindsLateFunctions ? '' : 'out'} a driver`, () => {
    const rig = new VpciRig({ driver: { bindsLateFunctions } });
    rig.probe();
    const late = device(rig);
    rig.bus.changeRelations([rig.functions[0]!, { dev: 1, func: 0, serial: 5, device: late }]);
    rig.queue.drain();
    const bus = rig.driver.buses[0]!;
    assert.equal([...bus.root!.functions.keys()], [0, 8]);
    assert.is(rig.functionDriver.bound.length, bindsLateFunctions ? 2 : 1);
    assert.is(bus.root!.slots.get(1), '5');
  });

relations('VPCI-22: a refused requirements query leaves a function without BARs', () => {
  const faults = [{ type: BASE + M.requirements, fault: { kind: 'refuse', status: 0xc000000d } as const }];
  const rig = new VpciRig({ bus: { knobs: { faults } } });
  assert.ok(rig.probe().ok);
  const bus = rig.driver.buses[0]!;
  assert.equal(bus.children[0]?.probedBars, [0, 0, 0, 0, 0, 0]);
  assert.is(bus.windows.length, 0);
  assert.ok(rig.guest.codes.includes('vpci-requirements-refused'));
});

relations('VPCI-22: an answer that is too short is no answer', () => {
  const faults = [{ type: BASE + M.requirements, fault: { kind: 'short', bytes: 16 } as const }];
  const rig = new VpciRig({ bus: { knobs: { faults } } });
  assert.ok(rig.probe().ok);
  assert.is(rig.driver.buses[0]!.windows.length, 0);
});

relations('VPCI-18 VPCI-21: relations that come while the bus is brought up wait until it is', () => {
  const rig = new VpciRig();
  rig.bus.addFault({ type: BASE + M.d0Entry, fault: { kind: 'delay', us: 5000 } });
  const late = { dev: 1, func: 0, serial: 5, device: device(rig) };
  rig.channel.onSend = (payload) => {
    if (payload[0] === M.d0Entry) rig.queue.after(1000, () => rig.bus.changeRelations([rig.functions[0]!, late]));
  };
  assert.ok(rig.probe().ok);
  const types = rig.channel.sent.map(({ payload }) => payload[0]!);
  assert.ok(types.lastIndexOf(M.requirements) > types.lastIndexOf(M.assigned2));
  assert.equal([...rig.driver.buses[0]!.root!.functions.keys()], [0, 8]);
});

relations('VPCI-12: behind the end of the wait no work is left, however it ended', () => {
  const faults = [{ type: BASE + M.requirements, fault: { kind: 'lose' } as const, times: 9 }];
  const rig = new VpciRig({ functions: [{}, { func: 1 }], bus: { knobs: { faults } } });
  const started = rig.startProbe();
  // The work's own tick comes behind that of the wait.
  rig.channel.onSend = (payload) => {
    if (payload[0] === M.queryRelations) rig.channel.disableCallback();
  };
  rig.queue.advance(30_000);
  rig.channel.enableCallback();
  rig.queue.advance(40_000);
  const bus = rig.driver.buses[0]!;
  let asking = -1;
  const { give } = rig.guest.space;
  rig.guest.space.give = (gpa) => {
    asking = rig.channel.requests.outstanding;
    give.call(rig.guest.space, gpa);
  };
  rig.channel.takeBack();
  rig.queue.drain();
  assert.is(asking, 0);
  assert.is(bus.state, 'removed');
  assert.equal(started.value, { ok: false, errno: 'ENODEV' });
});

relations('VPCI-23: the wait for functions ends where one of them cannot be asked for', () => {
  const rig = new VpciRig({ functions: [{ func: 0 }, { func: 1 }] });
  rig.channel.onSend = (payload) => {
    if (payload[0] === M.requirements) rig.channel.room = 0;
    else if (payload[0] === M.queryRelations) rig.channel.room = 2;
  };
  const started = rig.startProbe();
  rig.queue.advance(50_000);
  assert.is(rig.driver.buses[0]?.survey, undefined);
  assert.ok(rig.guest.codes.includes('vpci-function-dropped'));
  rig.queue.drain();
  assert.ok(started.done);
});

relations('VPCI-24: slots are named by the serial of the first function, and go with the last', () => {
  const rig = new VpciRig({ functions: [{ func: 0, serial: 0x1000 }, { func: 1 }, { dev: 5, serial: 4000000000 }] });
  rig.probe();
  const bus = rig.driver.buses[0]!;
  assert.equal(
    [...bus.root!.slots],
    [
      [0, '4096'],
      [5, '4000000000'],
    ],
  );
  rig.bus.eject({ slot: 0 });
  rig.queue.drain();
  assert.ok(bus.root!.slots.has(0));
  rig.bus.eject({ slot: 0x20 });
  rig.bus.eject({ slot: 5 });
  rig.queue.drain();
  assert.is(bus.root!.slots.size, 0);
});

// flags, node, possible, online → node of the function.
const NODES: readonly (readonly [number, number, number, readonly number[], number])[] = [
  [0, 1, 4, [0, 1], 0],
  [1, 0, 4, [0, 1], 0],
  [1, 1, 4, [0, 1], 1],
  [1, 3, 4, [0, 1], 1],
  [1, 3, 4, [0, 4], 4],
  [1, 4, 4, [0, 1], 0],
  [1, 0xffff, 4, [0, 1], 0],
];

for (const [flags, node, possible, online, expected] of NODES)
  relations(`VPCI-114: flags ${flags}, node ${node} of ${possible} with ${online.join()} online is ${expected}`, () => {
    const child = new Child({ ...DESCRIPTION, flags, virtual_numa_node: node });
    assert.is(numaNodeOf(child, { possible, online }), expected);
  });

relations('VPCI-114: the node of a function, by the second form alone', () => {
  const nodes = [0x10002, 0x10003].map((version) => {
    const rig = new VpciRig({
      functions: [{ numaNode: 1 }],
      bus: { versions: [version] },
      driver: { numaNodes: { possible: 2, online: [0, 1] } },
    });
    rig.probe();
    return rig.driver.buses[0]!.root!.functions.get(0)!.numaNode;
  });
  assert.equal(nodes, [0, 1]);
});

relations.run();
