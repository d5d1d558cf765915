import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AtsSwitch } from '../../../src/guest/pv-iommu/ats.js';
import { DEVICE_ID, DOMAIN, got, PAGE, PvRig, told } from './rig.js';

const attach = suite('pvIOMMU: attaches that fail, and ATS');
const FN = { domain: DOMAIN, devfn: 0 };

/** An ATS switch that tells when it is turned, in the order of the calls. */
function fakeAts(rig: PvRig): AtsSwitch & { readonly turns: string[] } {
  let isOn = false;
  const turns: string[] = [];
  return {
    turns,
    get isOn() {
      return isOn;
    },
    set(on) {
      isOn = on;
      turns.push(`${on ? 'on' : 'off'} behind ${rig.hypervisor.codes.join(' ') || 'nothing'}`);
    },
  };
}

attach('PVI-26 ATS: on behind an attach, off before blocked, only with the capability', () => {
  for (const [cap, turns] of [
    [0x25n, ['on behind 127 b1 ce b2', 'off behind 127 b1 ce b2', 'on behind 127 b1 ce b2 b2 b2']],
    [5n, []],
  ] as const) {
    const rig = new PvRig();
    rig.has({ iommu_cap: cap });
    const iommu = rig.started();
    const ats = fakeAts(rig);
    const device = got(iommu.add(FN, ats));
    iommu.attach(device, iommu.blocked);
    iommu.attach(device, iommu.blocked);
    rig.hypervisor.calls.pop();
    iommu.attach(device, iommu.identity);
    iommu.attach(device, iommu.identity);
    assert.equal(ats.turns, turns);
  }
});

attach('PVI-26 blocked is refused: ATS stays off, a warning, and the errno', () => {
  const rig = new PvRig();
  rig.has({ iommu_cap: 0x25n });
  const iommu = rig.started();
  const ats = fakeAts(rig);
  const device = got(iommu.add(FN, ats));
  rig.hypervisor.refuse = ({ code }) => (code === 0xb2 ? 0x58 : undefined);
  assert.is(told(iommu.attach(device, iommu.blocked)), 'EIO');
  assert.not(ats.isOn);
  assert.equal(rig.codes('warn'), ['pviommu-not-blocked']);
});

attach('PVI-26 an attach that fails does not turn ATS on', () => {
  const rig = new PvRig();
  rig.has({ iommu_cap: 0x25n });
  const iommu = rig.started({ defaultDomain: 'none' });
  const ats = fakeAts(rig);
  const device = got(iommu.add(FN, ats));
  rig.hypervisor.refuse = ({ code }) => (code === 0xb2 ? 0x58 : undefined);
  iommu.attach(device, iommu.identity);
  assert.not(ats.isOn);
});

/** Detaches first, and attaches to the domains that are named are refused. */
function halfWay(...refused: readonly ('identity' | 'own' | 'blocked')[]) {
  const rig = new PvRig();
  rig.has({ iommu_cap: 0x25n });
  const iommu = rig.started({ detachFirst: true });
  const ats = fakeAts(rig);
  const device = got(iommu.add(FN, ats));
  const own = iommu.defaultOf(device)!;
  const ids = refused.map((name) => (name === 'own' ? own.id : iommu[name].id));
  rig.hypervisor.calls.length = 0;
  rig.hypervisor.refuse = ({ code, input }) => {
    const id = new DataView(Uint8Array.from(Buffer.from(input, 'hex')).buffer);
    return code === 0xb2 && ids.includes(id.getUint32(20, true)) ? 0x58 : undefined;
  };
  return { rig, iommu, device, own, ats };
}

attach(
  'PVI-25 IOMMU-36 an attach that fails behind a detach: the old domain again, and what its driver mapped holds',
  () => {
    const { rig, iommu, device, own } = halfWay('identity');
    const iova = got(iommu.mappingOf(device)!.map(0x5000, PAGE));
    assert.is(told(iommu.attach(device, iommu.identity)), 'EIO');
    assert.equal(rig.hypervisor.codes, ['c4', 'd0', 'b2', 'b2']);
    assert.is(rig.hypervisor.attachedTo.get(DEVICE_ID), own.id);
    assert.is(device.attached, own);
    assert.ok(own.devices.has(device));
    assert.is(rig.hypervisor.dma(DEVICE_ID, iova)?.gpa, 0x5000n);
    assert.not(rig.codes('error').includes('pviommu-not-back'));
    // As a change of the default domain does it.
    assert.is(told(iommu.changeDefault(device, 'identity')), 'EBUSY');
    iommu.mappingOf(device)!.unmap(iova);
    assert.is(told(iommu.changeDefault(device, 'identity')), 'EIO');
    assert.is(device.attached, iommu.defaultOf(device));
  },
);

attach(
  'PVI-25 IOMMU-36 where the old domain is refused too, the device is blocked, and never left to reach all memory',
  () => {
    const { rig, iommu, device, own, ats } = halfWay('identity', 'own');
    assert.ok(ats.isOn);
    assert.is(told(iommu.attach(device, iommu.identity)), 'EIO');
    assert.is(ats.turns.at(-1), 'off behind c4 d0 b2 b2', 'before it is blocked (PVI-26)');
    assert.is(rig.hypervisor.attachedTo.get(DEVICE_ID), iommu.blocked.id);
    assert.is(device.attached, iommu.blocked);
    assert.equal([own.devices.size, iommu.blocked.devices.size], [0, 1]);
    const line = rig.lines.find(({ code }) => code === 'pviommu-not-back')!;
    assert.equal([line.level, line.fields], ['error', { domain: DOMAIN, devfn: 0, now: 'blocked' }]);
    const none = halfWay('identity', 'own', 'blocked');
    assert.is(told(none.iommu.attach(none.device, none.iommu.identity)), 'EIO');
    assert.is(none.device.attached, undefined);
    assert.is(none.rig.lines.find(({ code }) => code === 'pviommu-not-back')?.fields?.now, 'untranslated');
  },
);

attach.run();
