import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BAD_DATA, BusRig, message, OK, padded, V1_4, WINDOW, WRONG_STATE } from './bus-rig.js';

const WRONG_PARAMETER = '0d0000c0';

const d0 = suite('vPCI D0 entry and exit');

d0('VPCI-13 maps the configuration window, exit unmaps it, twice does no harm', () => {
  const rig = BusRig.started({}, V1_4, false);
  assert.is(rig.host.mmioRead(WINDOW + 0x1000, 4), 0xffff_ffffn);
  assert.is(rig.ask(message(0x07, 0, BigInt(WINDOW))), OK);
  assert.is(rig.bus.state, 'd0');
  assert.is(rig.host.mmioRead(WINDOW + 0x1000, 4), 0xb111_1414n);
  assert.is(rig.ask(message(0x08)), OK);
  assert.is(rig.host.mmioRead(WINDOW + 0x1000, 4), 0xffff_ffffn);
  assert.is(rig.ask(message(0x08)), OK);
  assert.is(rig.bus.state, 'version-agreed');
});

for (const [note, base] of [
  ['not a page', BigInt(WINDOW) + 8n],
  ['beyond any address', 1n << 60n],
  ['in memory', 0x1000n],
] as const)
  d0(`VPCI-120 a window ${note}`, () => {
    const rig = BusRig.started({}, V1_4, false);
    assert.is(rig.ask(message(0x07, 0, base)), WRONG_PARAMETER);
    assert.is(rig.bus.state, 'version-agreed');
    assert.is(rig.ask(message(0x07, 0, BigInt(WINDOW))), OK);
  });

d0('VPCI-13 VPCI-120 a bus in D0 refuses until it has left it: what a kernel meets that follows another', () => {
  const rig = BusRig.started();
  assert.is(rig.ask(message(0x07, 0, BigInt(WINDOW))), WRONG_STATE);
  assert.is(rig.ask(message(0x08)), OK);
  assert.is(rig.ask(message(0x07, 0, BigInt(WINDOW + 0x10000))), OK);
  assert.is(rig.host.mmioRead(WINDOW + 0x11000, 2), 0x1414n);
});

d0('VPCI-120 too short', () => {
  assert.is(BusRig.started({}, V1_4, false).ask(message(0x07, 0)), BAD_DATA);
});

d0('the bit of shared memory is not part of the address', () => {
  const rig = BusRig.started({ sharedGpaBit: 1n << 46n }, V1_4, false);
  assert.is(rig.ask(message(0x07, 0, (1n << 46n) | BigInt(WINDOW))), OK);
  assert.is(rig.host.mmioRead(WINDOW + 0x1000, 2), 0x1414n);
});

d0('the bus closes the window with the channel', () => {
  const rig = BusRig.started();
  rig.bus.closed();
  rig.bus.closed();
  assert.is(rig.host.mapped.size, 0);
});

d0('VPCI-120 the states of a bus, in the order of a driver', () => {
  const rig = new BusRig();
  const seen: string[] = [rig.bus.state];
  for (const request of [
    message(0x13, V1_4),
    message(0x01),
    message(0x07, 0, BigInt(WINDOW)),
    padded(message(0x16, 0), 208),
    padded(message(0x1b, 0, 32, 0x10000), 88),
  ]) {
    rig.send(request);
    seen.push(rig.bus.state);
  }
  rig.bus.eject({ slot: 0 });
  seen.push(rig.bus.state);
  rig.send(message(0x0f, 0));
  seen.push(rig.bus.state);
  rig.bus.closed();
  assert.equal(seen, [
    'opened',
    'version-agreed',
    'version-agreed',
    'd0',
    'assigned',
    'running',
    'ejecting',
    'rescinded',
  ]);
});

d0('VPCI-82 D0 exit releases what was assigned', () => {
  const rig = BusRig.started();
  rig.ask(padded(message(0x10, 0), 136));
  rig.writeConfig(0, 0x10, 4, 0xfe000000);
  rig.writeConfig(0, 4, 2, 2);
  assert.equal([rig.bus.state, rig.bus.leaks().windows], ['assigned', 2]);
  rig.ask(message(0x08));
  rig.ask(message(0x07, 0, BigInt(WINDOW)));
  assert.equal([rig.bus.state, rig.bus.leaks().windows], ['d0', 1]);
  assert.is(rig.readConfig(0, 0x10, 4), 4);
});

d0.run();

const power = suite('vPCI power change');

power('D3 and D0', () => {
  const rig = BusRig.started();
  rig.writeConfig(0, 0x10, 4, 0xfe000000);
  rig.writeConfig(0, 4, 2, 2);
  assert.is(rig.host.mmioRead(0xfe000008, 4), 0x10300n);
  assert.is(rig.ask(message(0x04, 0, 4)), OK);
  assert.is(rig.host.mmioRead(0xfe000008, 4), 0xffff_ffffn);
  assert.is(rig.ask(padded(message(0x04, 0, 1), 16)), OK);
  assert.is(rig.host.mmioRead(0xfe000008, 4), 0x10300n);
});

for (const [note, request] of [
  ['state 0', message(0x04, 0, 0)],
  ['state 2', message(0x04, 0, 2)],
  ['no function', message(0x04, 1, 1)],
  ['short', message(0x04, 0)],
] as const)
  power(`VPCI-120 ${note}`, () => {
    assert.is(BusRig.started().ask(request), BAD_DATA);
  });

power.run();

const config = suite('vPCI configuration window');

config('VPCI-41 VPCI-05 the selected slot, all others and none', () => {
  const rig = BusRig.started({ devices: [{}, { func: 1 }, { dev: 3, func: 2 }] });
  for (let slot = 0; slot < 256; slot++) {
    const there = slot === 0 || slot === 0x20 || slot === 0x43;
    assert.is(rig.readConfig(slot, 0, 4), there ? 0xb111_1414 : 0xffff_ffff, `slot ${slot}`);
  }
  assert.is(rig.readConfig(0x100, 0, 4), 0xffff_ffff);
});

config('VPCI-41 sizes and lanes', () => {
  const rig = BusRig.started();
  assert.is(rig.readConfig(0, 2, 2), 0xb111);
  assert.is(rig.readConfig(0, 0xb, 1), 1);
  assert.is(rig.readConfig(0, 1, 1), 0x14);
  const { host } = rig;
  assert.is(host.mmioRead(WINDOW + 0x1001, 2), 0xffffn);
  assert.is(host.mmioRead(WINDOW + 0x1002, 4), 0xffff_ffffn);
  assert.is(host.mmioRead(WINDOW + 0x1000, 8), 0xffff_ffff_ffff_ffffn);
  assert.is(host.mmioRead(WINDOW + 0x1ffc, 8), 0xffff_ffff_ffff_ffffn);
  assert.is(host.mmioRead(WINDOW + 0xffe, 4), 0xffff_ffffn);
});

config('VPCI-41 the selector is written by four bytes and reads nothing', () => {
  const rig = BusRig.started({ devices: [{}, { func: 1 }] });
  const { host } = rig;
  rig.readConfig(0x20, 0, 4);
  assert.is(host.mmioRead(WINDOW, 4), 0xffff_ffffn);
  host.mmioWrite(WINDOW, 1, 5n);
  host.mmioWrite(WINDOW, 2, 5n);
  host.mmioWrite(WINDOW, 8, 5n);
  host.mmioWrite(WINDOW + 4, 4, 5n);
  assert.is(host.mmioRead(WINDOW + 0x1000, 4), 0xb111_1414n);
});

config('the window names what is at an offset', () => {
  const rig = BusRig.started();
  rig.readConfig(0x20, 0, 4);
  const [entry] = [...rig.host.mapped];
  assert.is((entry!.device as unknown as { label(at: number): string }).label(0x1004), 'config+0x1004 slot 32');
});

config('VPCI-44 VPCI-74 nothing answers once the host has withdrawn the bus', () => {
  const rig = BusRig.started();
  rig.writeConfig(0, 0x10, 4, 0xfe000000);
  rig.writeConfig(0, 4, 2, 2);
  rig.bus.withdraw();
  assert.is(rig.readConfig(0, 0, 2), 0xffff);
  assert.is(rig.host.mapped.size, 0);
  assert.equal(rig.send(message(0x01)), []);
  assert.is(rig.bus.state, 'rescinded');
});

config.run();
