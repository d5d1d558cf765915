import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.js';
import { encode } from '../../../src/layout/codec.js';
import { answer, setupReply } from '../../../src/rig/serve/answer.js';
import { FrameType, monitor_hvc, monitor_hypercall } from '../../../src/rig/serve/wire.js';
import { fakeTarget } from './fake-target.js';

const test = suite('rig/serve: requests and answers');

const ZERO_XMM = '00'.repeat(96);
const xmm = Array.from({ length: 12 }, (_, i) => BigInt(i + 1));
const call = (rcx: bigint): string =>
  bytesToHex(encode(monitor_hypercall, { rcx, rdx: 2n, r8: 3n, rax: 4n, rip: 0xabcdn, cr3: 6n, xmm }));
const u64 = (value: bigint): string => bytesToHex(new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, value)).buffer));

interface Case {
  readonly note: string;
  readonly type: number;
  readonly vcpu?: number;
  readonly payload: string;
  readonly reply: string;
  readonly seen?: readonly string[];
  readonly complaint?: RegExp;
}

const cases: readonly Case[] = [
  {
    note: 'RDMSR',
    type: FrameType.RDMSR,
    vcpu: 3,
    payload: '0200004000000000',
    reply: `0000000000000000${u64(3n)}`,
    seen: ['rdmsr 3 40000002'],
  },
  {
    note: 'RDMSR that faults',
    type: FrameType.RDMSR,
    payload: '2000004000000000',
    reply: `0100000000000000${u64(0n)}`,
    seen: ['rdmsr 0 40000020'],
  },
  {
    note: 'WRMSR',
    type: FrameType.WRMSR,
    payload: `8300004000000000${u64(0x297e001n)}`,
    reply: '00'.repeat(16),
    seen: ['wrmsr 0 40000083 297e001'],
  },
  {
    note: 'WRMSR of the hypercall page drops translations of what was there',
    type: FrameType.WRMSR,
    payload: `0100004000000000${u64(0x15f5001n)}`,
    reply: `0000000003000000${u64(0n)}`,
    seen: ['wrmsr 0 40000001 15f5001'],
  },
  {
    note: 'WRMSR that faults',
    type: FrameType.WRMSR,
    payload: `2000004000000000${u64(1n)}`,
    reply: `0100000000000000${u64(0n)}`,
    seen: ['wrmsr 0 40000020 1'],
  },
  {
    note: 'HYPERCALL leaves the XMM registers alone',
    type: FrameType.HYPERCALL,
    vcpu: 1,
    payload: call(0x1005dn),
    reply: `${u64(0n)}0000000000000000${xmm.map(u64).join('')}`,
    seen: ['hypercall 1 x64 1005d at abcd'],
  },
  {
    note: 'HYPERCALL that flushes',
    type: FrameType.HYPERCALL,
    payload: call(0x10002n),
    reply: `${u64(0n)}0100000000000000${xmm.map(u64).join('')}`,
    seen: ['hypercall 0 x64 10002 at abcd'],
  },
  {
    note: 'MMIO_READ',
    type: FrameType.MMIO_READ,
    payload: `${u64(0xf8001004n)}0200000000000000`,
    reply: u64(0x1234n),
    seen: ['read 0 f8001004 2'],
  },
  {
    note: 'MMIO_READ of a size that is none',
    type: FrameType.MMIO_READ,
    payload: `${u64(0xf8001004n)}0300000000000000`,
    reply: u64(-1n),
    complaint: /3 bytes at 0xf8001004/,
  },
  {
    note: 'MMIO_READ beyond every address',
    type: FrameType.MMIO_READ,
    payload: `${u64(-1n)}0400000000000000`,
    reply: u64(-1n),
    complaint: /0xffffffffffffffff/,
  },
  {
    note: 'MMIO_WRITE',
    type: FrameType.MMIO_WRITE,
    vcpu: 2,
    payload: `${u64(0xf8000000n)}0400000000000000${u64(0x20n)}`,
    reply: u64(0n),
    seen: ['write 2 f8000000 4 20'],
  },
  { note: 'a type that is none', type: 99, payload: '', reply: '', complaint: /type 99/ },
  {
    note: 'a payload that is cut short reads as zeros',
    type: FrameType.WRMSR,
    payload: '83000040',
    reply: '00'.repeat(16),
    seen: ['wrmsr 0 40000083 0'],
    complaint: /monitor_wrmsr of 4 bytes, it has 16/,
  },
  {
    note: 'a payload that is longer than it should be',
    type: FrameType.RDMSR,
    payload: `0200004000000000${u64(9n)}`,
    reply: `0000000000000000${u64(0n)}`,
    seen: ['rdmsr 0 40000002'],
  },
];

for (const { note, type, vcpu = 0, payload, reply, seen = [], complaint } of cases)
  test(note, () => {
    const target = fakeTarget('x64', { RAX: 0n });
    const complaints: string[] = [];
    const bytes = answer({ type, vcpu, seq: 1, payload: hexToBytes(payload) }, target, (why) => complaints.push(why));
    assert.is(bytesToHex(bytes), reply);
    assert.equal(target.seen, [...seen]);
    if (complaint) assert.match(complaints.join(), complaint);
    else assert.equal(complaints, []);
  });

test('HYPERCALL with output in XMM registers loads them', () => {
  const target = fakeTarget('x64', { RAX: 0x100000000n, 'XMM1.lo': 0x77n });
  const frame = { type: FrameType.HYPERCALL, vcpu: 0, seq: 1, payload: hexToBytes(call(0x10050n)) };
  const loaded = xmm.map((value, i) => u64(i === 2 ? 0x77n : value)).join('');
  assert.is(bytesToHex(answer(frame, target, assert.unreachable)), `${u64(0x100000000n)}0400000000000000${loaded}`);
  assert.is(ZERO_XMM.length, loaded.length);
});

test('HVC carries all registers both ways', () => {
  const target = fakeTarget('arm64', { X0: 0x100000000n, X6: 0x55n });
  const x = Array.from({ length: 18 }, (_, i) => BigInt(i));
  const payload = encode(monitor_hvc, { x, pc: 0x40080000n });
  const after = x.map((value, i) => u64(i === 0 ? 0x100000000n : i === 6 ? 0x55n : value)).join('');
  const frame = { type: FrameType.HVC, vcpu: 1, seq: 1, payload };
  assert.is(bytesToHex(answer(frame, target, assert.unreachable)), `${after}${u64(0n)}`);
  assert.equal(target.seen, ['hypercall 1 arm64-smccc 1 at 40080000']);
});

test('the setup lists leaves, registers and windows', () => {
  const leaf = (...words: readonly number[]): string => bytesToHex(new Uint8Array(Uint32Array.from(words).buffer));
  assert.is(
    bytesToHex(setupReply(fakeTarget())),
    [
      leaf(2, 0x40000000, 0x40000006, 1, 2, 3, 0x40000001, 0x31237648, 0, 0, 0),
      leaf(1, 0x40000000, 0x400001ff),
      leaf(1),
      u64(0xf8000000n),
      u64(0x4000000n),
    ].join(''),
  );
});

test.run();
