import { encode } from '../../layout/codec.js';
import { array } from '../../layout/list.js';
import { rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import type { Declared, InputOf } from '../../layout/types.js';

// What a monitor (an emulator that runs the guest) and this host say to each other, little endian. docs/serve.md tells the story.

/** In front of every payload, both ways. */
export const monitor_frame = struct('monitor_frame', 0x10, { type: u32, vcpu: u32, seq: u32, payload_length: u32 });

export const FrameType = {
  HELLO: 1,
  RDMSR: 2,
  WRMSR: 3,
  HYPERCALL: 4,
  MMIO_READ: 5,
  MMIO_WRITE: 6,
  HVC: 7,
  MSI: 0x10,
  INTID: 0x11,
} as const;

/** Largest payload of a frame. */
export const MOST_PAYLOAD = 4096;
export const FRAME_BYTES = monitor_frame.size;
export const PROTOCOL_VERSION = 1;

/** What a connection is for. */
export const Role = { CONTROL: 0, EVENTS: 1 } as const;

/** What the monitor does before the processor goes on, bit by bit. */
export const Action = { NONE: 0, FLUSH_TLB: 1, DROP_CODE: 2, LOAD_XMM: 4 } as const;

export const monitor_hello = struct('monitor_hello', 0x10, { version: u32, role: u32, vcpus: u32, reserved: rsvd(4) });
export const monitor_leaf = struct('monitor_leaf', 0x14, { leaf: u32, eax: u32, ebx: u32, ecx: u32, edx: u32 });
export const monitor_msr_range = struct('monitor_msr_range', 0x08, { first: u32, last: u32 });
export const monitor_window = struct('monitor_window', 0x10, { base: u64, size: u64 });

export const monitor_rdmsr = struct('monitor_rdmsr', 0x08, { msr: u32, reserved: rsvd(4) });
export const monitor_wrmsr = struct('monitor_wrmsr', 0x10, { msr: u32, reserved: rsvd(4), value: u64 });
/** Answer to both; a status other than 0 is a #GP in the guest. */
export const monitor_msr_reply = struct('monitor_msr_reply', 0x10, { status: u32, actions: u32, value: u64 });

/** Registers of an x64 processor at VMCALL; `xmm` are low and high halves of XMM0 to XMM5. */
export const monitor_hypercall = struct('monitor_hypercall', 0x90, {
  rcx: u64,
  rdx: u64,
  r8: u64,
  rax: u64,
  rip: u64,
  cr3: u64,
  xmm: array(u64, 12),
});
export const monitor_hypercall_reply = struct('monitor_hypercall_reply', 0x70, {
  rax: u64,
  actions: u32,
  reserved: rsvd(4),
  xmm: array(u64, 12),
});

export const monitor_mmio_read = struct('monitor_mmio_read', 0x10, { gpa: u64, size: u32, reserved: rsvd(4) });
export const monitor_mmio_write = struct('monitor_mmio_write', 0x18, {
  gpa: u64,
  size: u32,
  reserved: rsvd(4),
  value: u64,
});
/** Answer to both. */
export const monitor_mmio_reply = struct('monitor_mmio_reply', 0x08, { value: u64 });

/** Registers of an arm64 processor at HVC, both ways; `pc` counts in the request only. */
export const monitor_hvc = struct('monitor_hvc', 0x98, { x: array(u64, 18), pc: u64 });

/** A 32-bit store to guest physical space. */
export const monitor_msi = struct('monitor_msi', 0x10, { address: u64, data: u32, reserved: rsvd(4) });
/** A pulse of an input of the GIC. */
export const monitor_intid = struct('monitor_intid', 0x08, { vcpu: u32, intid: u32 });

/** A frame as bytes. */
export function frameBytes(type: number, vcpu: number, seq: number, payload: Uint8Array): Uint8Array {
  return joinBytes([encode(monitor_frame, { type, vcpu, seq, payload_length: payload.length }), payload]);
}

/** A count and that many structures. */
export function listBytes<T extends Declared>(type: T, rows: readonly InputOf<T>[]): Uint8Array {
  return joinBytes([encode(u32, rows.length), ...rows.map((row) => encode(type, row))]);
}

export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
