import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { catalog } from '../../src/abi/hypercalls/catalog.js';
import { vmbus } from '../../src/abi/vmbus/messages.js';
import { vpci } from '../../src/abi/vpci/messages.js';
import { AbiError } from '../../src/bytes/errors.js';
import { allLayouts, callOf, findName, layoutOf, requireName, suggestNames } from '../../src/capture/names.js';

const find = suite('findName, requireName, layoutOf, callOf');

const NAMES: readonly (readonly [given: string, kind: string, name: string])[] = [
  ['hv_input_map_device_gpa_pages', 'struct', 'hv_input_map_device_gpa_pages'],
  ['HV_INPUT_MAP_DEVICE_GPA_PAGES', 'struct', 'hv_input_map_device_gpa_pages'],
  ['HVCALL_MAP_DEVICE_GPA_PAGES', 'hypercall', 'HVCALL_MAP_DEVICE_GPA_PAGES'],
  ['HvCallMapDeviceGpaPages', 'hypercall', 'HVCALL_MAP_DEVICE_GPA_PAGES'],
  ['0xb3', 'hypercall', 'HVCALL_MAP_DEVICE_GPA_PAGES'],
  ['0xB3', 'hypercall', 'HVCALL_MAP_DEVICE_GPA_PAGES'],
  ['CHANNELMSG_OPENCHANNEL', 'message', 'CHANNELMSG_OPENCHANNEL'],
  ['open_channel', 'message', 'CHANNELMSG_OPENCHANNEL'],
  ['PCI_BUS_RELATIONS2', 'message', 'PCI_BUS_RELATIONS2'],
  ['FDO_D0_ENTRY', 'message', 'PCI_BUS_D0ENTRY'],
  ['IOMMU_DESTROY', 'ioctl', 'IOMMU_DESTROY'],
  ['iommu_destroy', 'struct', 'iommu_destroy'],
  ['IOMMU_FAULT_QUEUE_ALLOC', 'ioctl', 'IOMMU_FAULT_QUEUE_ALLOC'],
  ['iommu_get_hw_info', 'ioctl', 'IOMMU_GET_HW_INFO'],
];

for (const [given, kind, name] of NAMES)
  find(given, () => {
    const named = findName(given);
    assert.equal([named?.kind, named?.name], [kind, name]);
    assert.is(requireName(given).name, name);
  });

find('every struct, call and message is found by its own name, whatever the case', () => {
  for (const layout of allLayouts)
    assert.is(findName(layout.name.toUpperCase())?.name.toLowerCase(), layout.name.toLowerCase());
  for (const call of catalog)
    assert.ok(callOf(call.code) === call && findName(call.name)?.kind === 'hypercall', call.name);
  for (const table of [vmbus, vpci])
    for (const name of table.byName.keys()) assert.is(findName(name)?.kind, 'message', name);
});

find('what is not there', () => {
  for (const name of ['', 'hv_', '0x12345', '0xfffe', '__proto__', 'constructor'])
    assert.is(findName(name), undefined, name);
  assert.is(callOf(0xfffe), undefined);
});

find('layouts by exact name', () => {
  assert.is(layoutOf('hv_message').name, 'hv_message');
  assert.throws(
    () => layoutOf('HV_MESSAGE'),
    (error: unknown) => error instanceof AbiError && error.code === 'E_UNKNOWN_NAME',
  );
});

find.run();

const suggest = suite('suggestNames');

const MISTYPED: readonly (readonly [given: string, meant: string])[] = [
  ['hv_input_map_devicegpa_pages', 'hv_input_map_device_gpa_pages'],
  ['HVCALL_MAP_DEVICE_GPA_PAGE', 'HVCALL_MAP_DEVICE_GPA_PAGES'],
  ['CHANNELMSG_OPENCHANEL', 'CHANNELMSG_OPENCHANNEL'],
  ['pci_creat_interrupt3', 'pci_create_interrupt3'],
  ['vmpacket_descripter', 'vmpacket_descriptor'],
];

for (const [given, meant] of MISTYPED)
  suggest(given, () => assert.ok(suggestNames(given).includes(meant), suggestNames(given).join()));

suggest('at most as many as asked for, best first, none twice', () => {
  const names = suggestNames('HVCALL_MAP_DEVICE_GPA_PAGES', 5);
  assert.is(names[0], 'HVCALL_MAP_DEVICE_GPA_PAGES');
  assert.equal([names.length <= 5, new Set(names).size], [true, names.length]);
});

suggest('nothing is near to nonsense', () => {
  for (const text of ['', 'q', 'zzzzqqqq', '\u{1f600}']) assert.equal(suggestNames(text), []);
});

suggest('the error names them', () => {
  try {
    requireName('hv_mesage');
    assert.unreachable();
  } catch (error) {
    assert.is((error as AbiError).code, 'E_UNKNOWN_NAME');
    assert.match((error as AbiError).message, /"hv_mesage"; near: .*hv_message/);
  }
});

suggest.run();
