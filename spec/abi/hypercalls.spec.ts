import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { catalog } from '../../src/abi/hypercalls/catalog.js';
import { pick } from '../../src/layout/group.js';
import { type Hypercall, inputSide, outputSide, repLimits } from '../../src/layout/hypercall.js';
import { readTsv } from '../support/tsv.js';

const BY_CODE = new Map(catalog.map((call) => [call.code, call]));
const ROWS = readTsv('fixtures/layout/hypercalls.tsv');
const LINUX = ROWS.filter((row) => !row.origin!.startsWith('openvmm'));
const OPENVMM = ROWS.filter((row) => row.origin!.startsWith('openvmm'));

const number = (text: string): number | undefined => (text === '' ? undefined : Number(text));

function callOf(row: Record<string, string>): Hypercall {
  const call = BY_CODE.get(Number(row.code));
  assert.ok(call, `${row.code} ${row.name} is in the catalogue`);
  return call;
}

/** Bytes in front of the list or of the variable header; the whole input where there is neither. */
function headerOf(call: Hypercall, arch: 'x64' | 'arm64' = 'x64'): number {
  return inputSide(call, arch).header;
}

const codes = suite('hypercall codes and names');

codes('each code once, each name and alias once', () => {
  assert.is(new Set(catalog.map((call) => call.code)).size, catalog.length);
  const names = catalog.flatMap((call) => [call.name, ...call.alias]);
  assert.equal(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
});

codes('80 calls of Linux, 33 call entries of OpenVMM, every number without a struct', () => {
  assert.is(LINUX.length, 80);
  assert.is(OPENVMM.length, 33);
  for (const row of LINUX) assert.is(callOf(row).name, row.name);
  for (const row of OPENVMM) {
    const call = callOf(row);
    const spelled = row.origin!.split(' ').at(-1)!;
    assert.ok([call.name, ...call.alias].includes(row.name!), `${row.name} names ${row.code}`);
    assert.ok([call.name, ...call.alias].includes(spelled), `${spelled} names ${row.code}`);
  }
  for (const [code, name] of [
    [0x01, 'HvCallSwitchVirtualAddressSpace'],
    [0x0a, 'HvCallInvokeHypervisorDebugger'],
    [0x69, 'HVCALL_POST_DEBUG_DATA'],
    [0x6a, 'HVCALL_RETRIEVE_DEBUG_DATA'],
    [0x6b, 'HVCALL_RESET_DEBUG_SESSION'],
    [0x71, 'HvCallOutputDebugCharacter'],
    [0xad, 'HvCallCheckForIoIntercept'],
    [0xf4, 'HVCALL_GET_VP_CPUID_VALUES'],
  ] as const) {
    const call = BY_CODE.get(code);
    assert.is(call?.name, name);
    assert.is(call?.input, undefined, `${name} has no published struct`);
  }
});

codes('the name of 6.12 finds 0x9a', () => {
  assert.ok(BY_CODE.get(0x9a)!.alias.includes('HVCALL_GET_VP_ID_FROM_APIC_ID'));
});

codes.run();

/** Outputs that Linux declares as one element where a list comes back. */
const OWN_OUTPUT: Record<string, { readonly struct: string; readonly size: number }> = {
  hv_gpa_page_access_state: { struct: 'hv_output_get_gpa_pages_access_states', size: 0 },
};

const linux = suite('hypercalls of Linux: form, sizes, limits');

for (const row of LINUX) {
  linux(`${row.code} ${row.name}`, () => {
    const call = callOf(row);
    assert.is(call.form, row.form);
    assert.is(headerOf(call), Number(row.header), 'header');
    assert.is(inputSide(call).element || undefined, number(row.elem!), 'input element');
    assert.is(outputSide(call).element || undefined, number(row.outElem!), 'output element');
    const limits = repLimits(call);
    assert.is(limits?.maxReps, number(row.maxReps!), 'max reps');
    assert.is(limits?.boundBy ?? '', row.boundBy!, 'bound by');
    if (row.input) {
      assert.is(inputSide(call).type?.name, row.input);
      assert.is(inputSide(call).type?.size, Number(row.inputSize));
    }
    if (row.output) {
      const { type } = outputSide(call);
      assert.is(type?.size, OWN_OUTPUT[row.output] ? OWN_OUTPUT[row.output]!.size : Number(row.outputSize));
      assert.is(type?.name, OWN_OUTPUT[row.output] ? OWN_OUTPUT[row.output]!.struct : row.output);
    }
  });
}

linux.run();

/** Where our declaration is not OpenVMM's, and why. */
const DEVIATIONS: Record<string, { readonly elem?: number; readonly form?: string; readonly why: string }> = {
  HvAcceptGpaPages: {
    elem: 0,
    why: 'the emulator wants 8 bytes for each rep, the client of the same project sends none',
  },
  HvSignalEvent: { form: 'fast8', why: 'Linux always passes it in one register' },
  HvSendSyntheticClusterIpi: { form: 'fast16', why: 'Linux always passes it in two registers' },
};

const openvmm = suite('hypercalls of OpenVMM: form, sizes, limits');
const used = new Set<string>();

for (const row of OPENVMM) {
  const name = row.origin!.split(' ').at(-1)!;
  const arch = /Arm64|Aarch64/.test(name) ? 'arm64' : 'x64';
  openvmm(`${row.code} ${name}`, () => {
    const call = callOf(row);
    const other = DEVIATIONS[name];
    if (other) used.add(name);
    assert.is(call.form, other?.form ?? row.form);
    assert.is(inputSide(call, arch, 'openvmm').header, Number(row.header), 'header');
    assert.is(inputSide(call, arch).element, other?.elem ?? Number(row.elem || 0), 'input element');
    assert.is(outputSide(call, arch).element, Number(row.outElem || 0), 'output element');
    if (row.outputSize) assert.is(outputSide(call, arch).type?.size, Number(row.outputSize), 'output');
    if (row.maxReps) assert.is(repLimits(call)?.maxReps, Number(row.maxReps), 'max reps as its dispatcher accepts');
  });
}

openvmm('each listed deviation is one', () => {
  assert.equal([...used].sort(), Object.keys(DEVIATIONS).sort());
});

openvmm.run();

const shapes = suite('hypercalls: variable headers and architectures');

shapes('the list of a flush starts behind the banks: 508 less their number fit', () => {
  const call = BY_CODE.get(0x14)!;
  for (const banks of [0, 1, 2, 64]) assert.is(repLimits(call, 'x64', banks)?.maxReps, 508 - banks);
});

shapes(
  'two meanings of a variable header: valid_bank_mask is fixed for flushes and IPIs, variable for device interrupts',
  () => {
    const fixed = (code: number) => BY_CODE.get(code)!.varhead;
    assert.equal(fixed(0x13), { x64: 32, arm64: 32 });
    assert.equal(fixed(0x14), { x64: 32, arm64: 32 });
    assert.equal(fixed(0x15), { x64: 24, arm64: 24 });
    assert.equal(fixed(0x7c), { x64: 72, arm64: 80 });
    assert.equal(fixed(0x7e), { x64: 56, arm64: 64 });
    assert.equal(fixed(0xe3), { x64: 40, arm64: 40 });
  },
);

shapes('the arm64 context of OpenVMM makes 88 bytes of 240', () => {
  for (const code of [0x0f, 0x99]) {
    assert.is(headerOf(BY_CODE.get(code)!, 'x64'), 240);
    assert.is(headerOf(BY_CODE.get(code)!, 'arm64'), 88);
  }
  assert.is(outputSide(BY_CODE.get(0xac)!, 'x64').header, 64);
  assert.is(outputSide(BY_CODE.get(0xac)!, 'arm64').header, 16);
});

shapes('versions: the newest that fits, or the one asked for', () => {
  const retarget = BY_CODE.get(0x7e)!.input!;
  assert.is(pick(retarget, { arch: 'x64', size: 64 }).type.name, 'hv_retarget_device_interrupt');
  assert.is(pick(retarget, { arch: 'x64', abi: 'openvmm' }).type.name, 'RetargetDeviceInterrupt');
  assert.is(pick(retarget, { arch: 'arm64', size: 72 }).type.size, 72);
  const accept = BY_CODE.get(0xd9)!.input!;
  assert.is(pick(accept, { size: 24 }).type.flexible, false, 'header alone');
  assert.is(pick(accept, { abi: 'openvmm-emulator' }).type.flexible, true, 'a page number per rep');
  const mapped = BY_CODE.get(0x7c)!.output!;
  assert.is(pick(mapped, { arch: 'x64', size: 16 }).type.size, 16, 'a 6.12 kernel');
  assert.is(pick(mapped, { arch: 'x64', size: 56 }).type.size, 56);
});

shapes('VTL switches are told apart by code alone', () => {
  assert.is(BY_CODE.get(0x11)!.form, 'vtl');
  assert.is(BY_CODE.get(0x12)!.form, 'vtl');
});

shapes.run();
