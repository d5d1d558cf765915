import { hv_x64_msr } from '../../abi/hv/msr-number.js';
import {
  HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST,
  HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX,
  HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE,
  HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX,
} from '../../abi/hypercalls/tlb.js';
import { CONVENTIONS, type Registers } from '../../hypercall/conventions.js';
import { decode, encode } from '../../layout/codec.js';
import type { Declared, ValueOf } from '../../layout/types.js';
import type { Frame } from './frame-reader.js';
import type { AccessSize, MonitorTarget } from './monitor-target.js';
import {
  Action,
  FrameType,
  joinBytes,
  listBytes,
  monitor_hvc,
  monitor_hypercall,
  monitor_hypercall_reply,
  monitor_leaf,
  monitor_mmio_read,
  monitor_mmio_reply,
  monitor_mmio_write,
  monitor_msr_range,
  monitor_msr_reply,
  monitor_rdmsr,
  monitor_window,
  monitor_wrmsr,
} from './wire.js';

const GP_FAULT = 1;
const SIZES: ReadonlySet<number> = new Set([1, 2, 4, 8]);
const NOTHING = new Uint8Array(0);
const XMM_NAMES = Array.from({ length: 12 }, (_, i) => `XMM${i >> 1}.${i % 2 === 0 ? 'lo' : 'hi'}`);
/** The emulator keeps translations of guest addresses that a flush call says are old. */
const FLUSH_CODES: ReadonlySet<number> = new Set(
  [
    HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE,
    HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST,
    HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX,
    HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX,
  ].map((call) => call.code),
);

/** What the first request of a control connection is answered with. */
export function setupReply({ leaves, msrRanges, windows }: MonitorTarget): Uint8Array {
  return joinBytes([
    listBytes(monitor_leaf, leaves),
    listBytes(monitor_msr_range, msrRanges),
    listBytes(monitor_window, windows),
  ]);
}

/**
 * The payload that answers one request of the control connection. A request that cannot be understood is answered too, since
 * the monitor waits: `complain` says why.
 */
export function answer(frame: Frame, target: MonitorTarget, complain: (why: string) => void): Uint8Array {
  const reply = REPLIES[frame.type];
  if (reply === undefined) {
    complain(`a request of type ${frame.type}, which is none`);
    return NOTHING;
  }
  return reply(frame, target, complain);
}

type Reply = (frame: Frame, target: MonitorTarget, complain: (why: string) => void) => Uint8Array;

/** A reply to requests of one layout; a payload that is too short reads as zeros, and is complained about. */
function withRequest<T extends Declared & { readonly size: number; readonly name: string }>(
  layout: T,
  make: (request: ValueOf<T>, frame: Frame, target: MonitorTarget, complain: (why: string) => void) => Uint8Array,
): Reply {
  return (frame, target, complain) => {
    let { payload } = frame;
    if (payload.length < layout.size) {
      complain(`a ${layout.name} of ${payload.length} bytes, it has ${layout.size}`);
      const whole = new Uint8Array(layout.size);
      whole.set(payload);
      payload = whole;
    }
    return make(decode(layout, payload, { trailing: 'ignore' }), frame, target, complain);
  };
}

const REPLIES: Readonly<Record<number, Reply>> = {
  [FrameType.RDMSR]: withRequest(monitor_rdmsr, ({ msr }, { vcpu }, target) => {
    const value = target.rdmsr(vcpu, msr);
    return encode(monitor_msr_reply, {
      status: value === undefined ? GP_FAULT : 0,
      actions: Action.NONE,
      value: BigInt.asUintN(64, value ?? 0n),
    });
  }),
  [FrameType.WRMSR]: withRequest(monitor_wrmsr, ({ msr, value }, { vcpu }, target) => {
    const done = target.wrmsr(vcpu, msr, value);
    // Enabling the hypercall page writes code where the emulator may have translated what was there before.
    const actions = msr === hv_x64_msr.HV_X64_MSR_HYPERCALL ? Action.DROP_CODE | Action.FLUSH_TLB : Action.NONE;
    return encode(monitor_msr_reply, { status: done ? 0 : GP_FAULT, actions, value: 0n });
  }),
  [FrameType.HYPERCALL]: withRequest(monitor_hypercall, (request, { vcpu }, target) => {
    const { rcx, rdx, r8, rax, rip, xmm } = request;
    const halves = Object.fromEntries(XMM_NAMES.map((name, i) => [name, xmm[i] ?? 0n]));
    const before: Registers = { RCX: rcx, RDX: rdx, R8: r8, RAX: rax, ...halves };
    const after = target.hypercall(vcpu, CONVENTIONS.x64, before, rip);
    const changed = XMM_NAMES.some((name) => after[name] !== undefined && after[name] !== before[name]);
    const code = Number(rcx & 0xffffn);
    return encode(monitor_hypercall_reply, {
      rax: after.RAX ?? 0n,
      actions: (changed ? Action.LOAD_XMM : Action.NONE) | (FLUSH_CODES.has(code) ? Action.FLUSH_TLB : Action.NONE),
      xmm: XMM_NAMES.map((name) => after[name] ?? before[name] ?? 0n),
    });
  }),
  [FrameType.HVC]: withRequest(monitor_hvc, ({ x, pc }, { vcpu }, target) => {
    const before: Registers = Object.fromEntries(x.map((value, i) => [`X${i}`, value]));
    const after = target.hypercall(vcpu, CONVENTIONS['arm64-smccc'], before, pc);
    return encode(monitor_hvc, { x: x.map((value, i) => after[`X${i}`] ?? value), pc: 0n });
  }),
  [FrameType.MMIO_READ]: withRequest(monitor_mmio_read, ({ gpa, size }, { vcpu }, target, complain) => {
    const value = isAccess(gpa, size, complain) ? target.mmioRead(vcpu, Number(gpa), size as AccessSize) : ~0n;
    return encode(monitor_mmio_reply, { value: BigInt.asUintN(64, value) });
  }),
  [FrameType.MMIO_WRITE]: withRequest(monitor_mmio_write, ({ gpa, size, value }, { vcpu }, target, complain) => {
    if (isAccess(gpa, size, complain)) target.mmioWrite(vcpu, Number(gpa), size as AccessSize, value);
    return encode(monitor_mmio_reply, { value: 0n });
  }),
};

function isAccess(gpa: bigint, size: number, complain: (why: string) => void): boolean {
  if (SIZES.has(size) && gpa <= BigInt(Number.MAX_SAFE_INTEGER)) return true;
  complain(`an access of ${size} bytes at 0x${gpa.toString(16)}, which no device takes`);
  return false;
}
