import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_input_configure_device_domain } from '../../../src/abi/hv/device-domain.js';
import { hv_status } from '../../../src/abi/hv/status.js';
import {
  HVCALL_MAP_SPARSE_DEVICE_GPA_PAGES,
  HVCALL_QUERY_DEVICE_DOMAIN,
  HVCALL_UNMAP_SPARSE_DEVICE_GPA_PAGES,
} from '../../../src/abi/hypercalls/device-domains-2021.js';
import { encode } from '../../../src/layout/codec.js';
import { domainBytes, IommuRig, SELF } from './iommu-rig.js';

const { HV_STATUS_SUCCESS: SUCCESS, HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER } = hv_status;
const test = suite('hypervisor: the first device-domain series, of 2021');

const value = (flags: { translation_enabled: boolean; reserved: bigint }, pat: bigint, page_table_root: bigint) =>
  encode(hv_input_configure_device_domain.of['series-rfc-2021'], {
    device_domain: {
      partition_id: SELF,
      owner_vtl: { target_vtl: 0, use_target_vtl: false, reserved_z: 0 },
      domain_id: { type: 1, reserved: 0, id: 1 },
    },
    settings: { u: { x64: { flags, pat, page_table_root } } },
  });

test('its configure call has 48 bytes: flags, memory types, root', () => {
  const rig = new IommuRig({ configureLayout: 'series-rfc-2021' }, { isRoot: false });
  rig.create({ id: 1, type: 1 });
  const on = { translation_enabled: true, reserved: 0n };
  const input = value(on, 0x0007_0406_0007_0406n, 0x8000n);
  assert.is(input.length, 48);
  assert.is(rig.call(0xce, input)[0], SUCCESS);
  const [domain] = rig.iommu.domains.list();
  assert.equal(domain!.settings, { isTranslating: true, isBlocked: false, levels: 4, root: 0x8000 });
  assert.is(rig.call(0xce, value({ ...on, reserved: 1n }, 0n, 0n))[0], INVALID_PARAMETER, 'nothing was blocked then');
  assert.is(rig.call(0xce, value(on, 0n, 0x8001n))[0], INVALID_PARAMETER);
  // The newest call has the root where the memory types were.
  rig.memory.write(0x1fd8, input.subarray(0, 40));
  rig.gate.hypercall(0xce, 0, 0x1fd8, 0);
  assert.is(rig.gate.resultLo, hv_status.HV_STATUS_INVALID_HYPERCALL_INPUT, 'the 48 bytes leave the page');
});

test('PVI-50 five levels of tables need an IOMMU that announces them (S1_5LVL)', () => {
  const [present, s1, fiveLevels] = [1, 4, 8];
  for (const [capabilities, want] of [
    [{ maxIovaWidth: 48 }, INVALID_PARAMETER],
    [{ maxIovaWidth: 57, caps: present | s1 }, INVALID_PARAMETER],
    [{ maxIovaWidth: 57 }, SUCCESS],
    [{ maxIovaWidth: 48, caps: present | s1 | fiveLevels }, SUCCESS],
  ] as const) {
    const rig = new IommuRig({ capabilities }, { isRoot: false });
    rig.create({ id: 1, type: 1 });
    assert.is(rig.configure({ id: 1 }, 5n, 0x8000n), want);
    assert.is(rig.configure({ id: 1 }, 1n, 0x8000n), SUCCESS);
  }
});

test('queries and lists of single addresses, which later series dropped, are no calls', () => {
  for (const isRoot of [true, false])
    for (const { code } of [
      HVCALL_QUERY_DEVICE_DOMAIN,
      HVCALL_MAP_SPARSE_DEVICE_GPA_PAGES,
      HVCALL_UNMAP_SPARSE_DEVICE_GPA_PAGES,
    ])
      assert.is(
        new IommuRig({}, { isRoot }).call(code, domainBytes({ id: 1 }), 1)[0],
        hv_status.HV_STATUS_INVALID_HYPERCALL_CODE,
      );
});

test.run();
