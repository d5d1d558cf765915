import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_status } from '../../src/abi/hv/status.js';
import { HvCallAcceptGpaPages } from '../../src/abi/hypercalls/memory.js';
import { HVCALL_POST_MESSAGE, HVCALL_SIGNAL_EVENT } from '../../src/abi/hypercalls/ports.js';
import { HVCALL_GET_VP_REGISTERS, HVCALL_SET_VP_REGISTERS } from '../../src/abi/hypercalls/vp.js';
import { HvCallModifyVtlProtectionMask, HvCallVtlReturn } from '../../src/abi/hypercalls/vtl.js';
import { bytesToHex, hexNumber, hexToBytes } from '../../src/bytes/hex.js';
import { CONVENTIONS, type Convention, type Registers } from '../../src/hypercall/conventions.js';
import type { GuestCall } from '../../src/hypervisor/call-frame.js';
import { Partition } from '../../src/hypervisor/partition.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import { VirtualQueue } from '../../src/sched/virtual-queue.js';
import { readProjectText } from '../support/project.js';

interface Row {
  readonly name: string;
  readonly abi: string;
  readonly control: string;
  readonly in_gpa?: string;
  readonly out_gpa?: string;
  readonly in_hex?: string;
  readonly fast?: readonly string[];
  readonly handler_rep?: string;
  readonly handler_simple?: string;
  readonly ip_delta: number;
  readonly retry_control?: string | null;
  readonly result?: string | null;
  readonly handler_log: readonly string[];
  readonly out_page?: { readonly offset: number; readonly hex: string } | null;
  readonly regs_after?: readonly string[];
  readonly vtl_input_rax?: number;
  readonly rax_after?: string;
}

const { cases } = JSON.parse(readProjectText('fixtures/vectors/hypercall-outcomes.json')) as { cases: Row[] };
const INPUT_PAGE = 0x1000;
const OUTPUT_PAGE = 0x3000;
const PAGE = 4096;
const FILL = 0x19;
const FILL_QWORD = 0x1919191919191919n;
/** The handlers of these cases are the hypervisor's own: what is seen is their checks. */
const OWN_HANDLER = /^(rep_header_target_vtl_reserved|retarget_|flushex_|ext_query|noinput|out_unaligned$)/;

function conventionOf(abi: string): Convention {
  if (abi === 'X64') return CONVENTIONS.x64;
  if (abi === 'X86') return CONVENTIONS['x86-32'];
  return abi.startsWith('ArmHv') ? CONVENTIONS['arm64-hvc'] : CONVENTIONS['arm64-smccc'];
}

/** "Err(OperationDenied)" → the status; "Err((Timeout, 2))" → status and reps done. */
function answerOf(text: string): { status: number; done: number | undefined } {
  const [, name, done] = /(\w+)(?:, (\d+))?\)+$/.exec(text) ?? [];
  if (text === 'Ok(())' || name === undefined) return { status: hv_status.HV_STATUS_SUCCESS, done: undefined };
  const key = name === 'Timeout' ? 'TIME_OUT' : name.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
  const status = (hv_status as unknown as Record<string, number>)[`HV_STATUS_${key}`];
  if (status === undefined) throw new Error(`no status ${name}`);
  return { status, done: done === undefined ? undefined : Number(done) };
}

class Bench {
  readonly log: string[] = [];
  readonly memory = SharedGuestMemory.create(
    [
      { gpa: INPUT_PAGE, length: PAGE, offset: 0 },
      { gpa: OUTPUT_PAGE, length: PAGE, offset: PAGE },
    ],
    { kernel: false },
  );
  readonly partition: Partition;
  private readonly row: Row;

  constructor(row: Row) {
    this.row = row;
    this.memory.write(OUTPUT_PAGE, new Uint8Array(PAGE).fill(FILL));
    this.partition = new Partition({
      arch: row.abi.startsWith('Arm') ? 'arm64' : 'x64',
      memory: this.memory,
      queue: new VirtualQueue(),
      vps: [0, 1],
      sink: { interrupt: () => undefined },
      lenient: true,
      extendedCapabilities: 0x55n,
    });
    this.routeAll();
    if (!OWN_HANDLER.test(row.name)) this.standIn();
  }

  /** Every device and message is known, and what a retarget asks for is written down. */
  private routeAll(): void {
    const { interrupts } = this.partition;
    interrupts.knows = () => true;
    interrupts.retarget = (deviceId, { address, data }, { vector, vps, lowestPriority }) => {
      this.log.push(
        `retarget dev=${hexNumber(deviceId)} addr=${hexNumber(address)} data=${hexNumber(data)} ` +
          `vector=${vector} multicast=${!lowestPriority} vps=[${vps.join(', ')}]`,
      );
      return true;
    };
  }

  /** Handlers that answer as the case says. */
  private standIn(): void {
    const { calls } = this.partition;
    const { row, log } = this;
    const simple = (say: (call: GuestCall) => string) => (call: GuestCall) => {
      log.push(say(call));
      return answerOf(row.handler_simple ?? 'Ok(())').status;
    };
    const rep = (say: (call: GuestCall) => string) => (call: GuestCall) => {
      log.push(say(call));
      const { status, done } = answerOf(row.handler_rep ?? 'Ok(())');
      call.done = done === undefined ? call.repEnd : call.repStart + done;
      return status;
    };
    for (const code of [0x5c, 0x5d, 0x50, 0x51]) calls.withdraw(code);
    calls.serve(
      HVCALL_SIGNAL_EVENT,
      simple(({ input }) => `signal conn=${hexNumber(input.getUint32(0, true))} flag=${input.getUint16(4, true)}`),
    );
    calls.serve(
      HVCALL_POST_MESSAGE,
      simple(({ input }) => {
        const length = input.getUint32(12, true);
        const payload = new Uint8Array(input.buffer, 16, length);
        return `post conn=${hexNumber(input.getUint32(0, true))} len=${length} data=${bytesToHex(payload)}`;
      }),
    );
    calls.serve(
      HVCALL_GET_VP_REGISTERS,
      rep(({ input, listAt, repStart, repEnd, output }) => {
        const names: string[] = [];
        for (let i = repStart; i < repEnd; i++) {
          if (names.length < 4) names.push(`"${hexNumber(input.getUint32(listAt + 4 * i, true))}"`);
          output.setBigUint64(16 * i, 0x1111222233334400n + BigInt(i - repStart), true);
        }
        return `get n=${repEnd - repStart} names=[${names.join(', ')}]`;
      }),
    );
    calls.serve(
      HVCALL_SET_VP_REGISTERS,
      rep(({ repStart, repEnd }) => `set n=${repEnd - repStart}`),
    );
    calls.serve(
      HvCallModifyVtlProtectionMask,
      rep(() => 'mask'),
    );
    // As the emulator of OpenVMM declares it.
    calls.serve(
      HvCallAcceptGpaPages,
      rep(() => 'accept'),
      { inputElement: 8 },
    );
    // Its input is RAX, which no handler sees: 0, or 1 for a fast return.
    calls.serve(HvCallVtlReturn, () => {
      if ((row.vtl_input_rax ?? 0) > 1) return hv_status.HV_STATUS_INVALID_PARAMETER;
      log.push(`vtl_return fast=${row.vtl_input_rax === 1}`);
      return hv_status.HV_STATUS_SUCCESS;
    });
  }
}

/** Registers as the case has them: the rest holds the fill. */
function registersOf(row: Row, convention: Convention): Registers {
  const registers: Record<string, bigint> = {};
  const put = (names: readonly string[], value: bigint) => {
    const [low, high] = names;
    registers[low!] = high === undefined ? value : value & 0xffffffffn;
    if (high !== undefined) registers[high] = value >> 32n;
  };
  for (const names of convention.fast) put(names, FILL_QWORD);
  if (convention.name === 'x86-32')
    for (let i = 0; i < 6; i++) registers[`XMM${i}.lo`] = registers[`XMM${i}.hi`] = FILL_QWORD;
  for (let i = 0; i < 18 && convention.name.startsWith('arm64'); i++) registers[`X${i}`] ??= FILL_QWORD;
  put(convention.inputGpa, BigInt(row.in_gpa ?? INPUT_PAGE));
  put(convention.outputGpa, BigInt(row.out_gpa ?? OUTPUT_PAGE));
  for (const [i, word] of (row.fast ?? []).slice(0, convention.fast.length).entries())
    put(convention.fast[i]!, BigInt(word));
  put(convention.control, BigInt(row.control));
  return registers;
}

function resultOf(convention: Convention, registers: Registers): string {
  const [low, high] = convention.result;
  const value = high === undefined ? registers[low!]! : registers[low!]! | (registers[high]! << 32n);
  return hexNumber(value, 16);
}

function controlOf(convention: Convention, registers: Registers): string {
  const [low, high] = convention.control;
  const value = high === undefined ? registers[low!]! : registers[low!]! | (registers[high]! << 32n);
  return hexNumber(value, 16);
}

/** Registers after the call as the cases print them. */
function printed(row: Row, registers: Registers): string[] {
  const hex = (name: string) => registers[name]!.toString(16).padStart(16, '0');
  return row.abi.startsWith('X')
    ? Array.from({ length: 6 }, (_, i) => hex(`XMM${i}.hi`) + hex(`XMM${i}.lo`))
    : Array.from({ length: 18 }, (_, i) => hex(`X${i}`));
}

const outcomes = suite('hypervisor: outcomes of the dispatcher of OpenVMM');

outcomes('there are 87, in four conventions', () => {
  assert.is(cases.length, 87);
  assert.is(new Set(cases.map(({ abi }) => conventionOf(abi).name)).size, 4);
});

for (const [i, row] of cases.entries()) {
  outcomes(`${i}: ${row.name} ${row.abi} ${row.control}`, () => {
    const convention = conventionOf(row.abi);
    const bench = new Bench(row);
    if (row.in_gpa !== undefined && row.in_hex !== undefined) {
      const inGpa = Number(row.in_gpa);
      const bytes = hexToBytes(row.in_hex);
      const room = bench.memory.has(inGpa, 1) ? Math.min(bytes.length, PAGE - (inGpa % PAGE)) : 0;
      if (room > 0) bench.memory.write(inGpa, bytes.subarray(0, room));
    }
    const before = {
      ...registersOf(row, convention),
      ...(row.vtl_input_rax === undefined ? {} : { RAX: BigInt(row.vtl_input_rax) }),
    };
    const { registers, retry, fault } = bench.partition.hypercall(0, convention, before);
    if (row.vtl_input_rax !== undefined) {
      assert.is(fault, row.ip_delta === 0 ? '#UD' : undefined);
      // The entry's own result is no status: a fault leaves everything as it was.
      if (fault !== undefined) assert.equal(registers, before);
      assert.equal(
        bench.log,
        row.handler_log.filter((line) => line !== '#UD'),
      );
      return;
    }
    assert.is(fault, undefined);
    assert.equal(bench.log, row.handler_log);
    assert.is(retry, row.ip_delta === 0);
    if (retry) assert.is(controlOf(convention, registers), row.retry_control);
    else assert.is(resultOf(convention, registers), row.result);
    const expected = new Uint8Array(PAGE).fill(FILL);
    if (row.out_page) expected.set(hexToBytes(row.out_page.hex), row.out_page.offset);
    const page = new Uint8Array(PAGE);
    bench.memory.read(OUTPUT_PAGE, page);
    assert.is(bytesToHex(page), bytesToHex(expected));
    if (row.regs_after?.length) assert.equal(printed(row, registers), row.regs_after);
  });
}

outcomes.run();
