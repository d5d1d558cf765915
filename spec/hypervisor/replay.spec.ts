import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../src/bytes/hex.js';
import type { Event } from '../../src/capture/decoder.js';
import { CONVENTIONS, type Registers } from '../../src/hypercall/conventions.js';
import { Partition } from '../../src/hypervisor/partition.js';
import type { PartitionOptions } from '../../src/hypervisor/partition-options.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import type { MmioDevice } from '../../src/ports/host-port.js';
import { VirtualQueue } from '../../src/sched/virtual-queue.js';
import { captureNames, readCapture } from '../support/captures.js';
import { hexOf } from './partition-rig.js';

/** Calls of guests that the hypervisor answers by itself; of devices' domains it knows nothing. */
const ANSWERED: ReadonlySet<number> = new Set([
  0x02, 0x03, 0x04, 0x0b, 0x46, 0x48, 0x4e, 0x50, 0x51, 0x5c, 0x5d, 0x6f, 0x76, 0x7b, 0x7c, 0x7d, 0x7e, 0x84, 0x87,
  0x101, 0x106, 0x107,
]);
/** Answers that hang on the time. */
const TIME_REGISTERS: ReadonlySet<string> = new Set(['0x90003']);
const CONFIG_WINDOW = 0xf8000000;
/** RAM of the recorded machines, as much of it as their calls touch. */
const RAM = { x64: { gpa: 0, length: 64 << 20, offset: 0 }, arm64: { gpa: 0x40000000, length: 512 << 20, offset: 0 } };
const FAST = 0x10000n;
const STATUS = 0xffffn;

interface Recorded {
  readonly n: number;
  readonly vp: number;
  readonly control: string;
  readonly code: string;
  readonly rdx?: string;
  readonly r8?: string;
  readonly x?: readonly string[];
  readonly register?: string;
  readonly in: string;
  readonly out?: string;
  readonly result: string;
}

/** A host that takes every message and signal, knows every device and reads from it what the trace says. */
class Replay {
  readonly memory: SharedGuestMemory;
  readonly partition: Partition;
  readonly taken: string[] = [];
  private readonly ids = new Set<number>();
  private answer = 0n;

  constructor(options: Partial<PartitionOptions>) {
    this.memory = SharedGuestMemory.create([RAM[options.arch ?? 'x64']], { kernel: false });
    this.partition = new Partition({
      arch: 'x64',
      memory: this.memory,
      queue: new VirtualQueue(),
      vps: [0, 1],
      sink: { interrupt: (vp, vector) => void this.taken.push(`interrupt ${vp} ${vector}`) },
      onFlush: ({ vps, flags }) => void this.taken.push(`flush ${vps} ${flags}`),
      ...options,
    });
    this.partition.interrupts.knows = () => true;
    this.partition.interrupts.retarget = () => true;
    const device: MmioDevice = {
      read: () => this.answer,
      write: (offset, size, value) => void this.taken.push(`write ${offset} ${size} ${value}`),
    };
    this.partition.mapWindow(CONFIG_WINDOW, 0x2000, device);
  }

  run(call: Recorded): { result: string; out: string } {
    const input = hexToBytes(call.in);
    const code = Number(call.code);
    this.listen(code, input);
    if (code === 0x106) this.answer = BigInt(`0x${littleEndian(call.out!, 4)}`);
    return call.x === undefined ? this.runX64(call, input) : this.runArm64(call, input);
  }

  private runX64(call: Recorded, input: Uint8Array) {
    const registers: Registers = { RCX: BigInt(call.control), RDX: BigInt(call.rdx!), R8: BigInt(call.r8!) };
    if ((registers.RCX! & FAST) === 0n && input.length > 0) this.memory.write(Number(call.rdx), input);
    const { registers: after } = this.partition.hypercall(call.vp, CONVENTIONS.x64, registers);
    const out = new Uint8Array((call.out ?? '').length / 2);
    if (out.length > 0) this.memory.read(Number(call.r8), out);
    return { result: `0x${after.RAX!.toString(16)}`, out: hexOf(out) };
  }

  private runArm64(call: Recorded, input: Uint8Array) {
    const registers = Object.fromEntries(call.x!.map((word, i) => [`X${i}`, BigInt(word)]));
    if ((BigInt(call.control) & FAST) === 0n) this.memory.write(Number(registers.X2), input);
    const { registers: after } = this.partition.hypercall(call.vp, CONVENTIONS['arm64-smccc'], registers);
    const words = [after.X6 ?? 0n, after.X7 ?? 0n].slice(0, (call.out ?? '').length / 16);
    return {
      result: `0x${after.X0!.toString(16)}`,
      out: words.map((word) => littleEndian(word.toString(16).padStart(16, '0'), 8)).join(''),
    };
  }

  private listen(code: number, input: Uint8Array): void {
    if (code !== 0x5c && code !== 0x5d) return;
    const id = new DataView(input.buffer, input.byteOffset).getUint32(0, true);
    if (this.ids.has(id * 2 + (code & 1))) return;
    this.ids.add(id * 2 + (code & 1));
    if (code === 0x5d) this.partition.listenSignals(id, (flag, vp) => void this.taken.push(`signal ${flag} ${vp}`));
    else
      this.partition.listenMessages(id, ({ type, payload }) => {
        this.taken.push(`post ${type} ${hexOf(payload)}`);
        return 0;
      });
  }
}

/** The first `bytes` of hex text, turned round. */
function littleEndian(hex: string, bytes: number): string {
  return hex
    .slice(0, 2 * bytes)
    .match(/../g)!
    .reverse()
    .join('');
}

function optionsOf(name: string, setup: Event): Partial<PartitionOptions> {
  const isRoot = name.startsWith('root-');
  return {
    vps: Array.from({ length: Number(setup.cpus ?? 2) }, (_, i) => i),
    arch: name.includes('arm64') ? 'arm64' : 'x64',
    isRoot,
    // The host of the newer kernel had memory enough.
    ...(name === 'root-start-7.2.jsonl' ? { rootPages: 1 << 20 } : {}),
  };
}

const replay = suite('hypervisor: calls of recorded guests get the recorded answers');

for (const name of captureNames()) {
  const events = readCapture(name);
  const calls = events.filter(
    ({ k, code }) => k === 'hypercall' && ANSWERED.has(Number(code)),
  ) as unknown as Recorded[];
  if (calls.length === 0) continue;
  replay(`${name}: ${calls.length} calls`, () => {
    const host = new Replay(optionsOf(name, events[0]!));
    for (const call of calls) {
      const { result, out } = host.run(call);
      assert.is(result, call.result, `#${call.n}`);
      const isGood = (BigInt(result) & STATUS) === 0n;
      if (isGood && !TIME_REGISTERS.has(call.register ?? '')) assert.is(out, call.out ?? '', `#${call.n}`);
    }
    const wanted = calls.filter(({ code }) => code === '0x5c' || code === '0x5d').length;
    assert.is(host.taken.filter((line) => /^(post|signal)/.test(line)).length, wanted);
  });
}

replay('a message is taken with the bytes that the guest posted', () => {
  const events = readCapture('conversation-boot.jsonl');
  const [first] = events.filter(({ k, code }) => k === 'hypercall' && code === '0x5c') as unknown as Recorded[];
  const host = new Replay({});
  host.run(first!);
  const length = Number(`0x${littleEndian(first!.in.slice(24), 4)}`);
  assert.equal(host.taken, [`post 1 ${first!.in.slice(32, 32 + 2 * length)}`]);
});

replay('IPIs reach the VPs of the mask, flushes are seen with all that the flags name', () => {
  const events = readCapture('tlb.jsonl');
  const host = new Replay({});
  for (const call of events.filter(({ k }) => k === 'hypercall') as unknown as Recorded[]) host.run(call);
  assert.equal(host.taken, [
    'interrupt 0 251',
    'interrupt 0 251',
    'interrupt 1 251',
    'interrupt 1 251',
    'interrupt 1 251',
    'interrupt 1 253',
    'flush 0,1 1',
    'flush 0,1 1',
    'flush 0,1 5',
    'flush 0 4',
    'flush 0 4',
    'flush 1 4',
    'flush 0 4',
    'flush 0 4',
  ]);
});

replay('configuration space is written as the trace says', () => {
  const host = new Replay({});
  const events = readCapture('mmio-calls.jsonl');
  for (const call of events.filter(({ k }) => k === 'hypercall') as unknown as Recorded[]) host.run(call);
  assert.is(host.taken.length, events.filter(({ code }) => code === '0x107').length);
  assert.is(host.taken[0], 'write 0 4 0');
});

replay('a root partition ends with two processors, two pages given and its interrupts mapped', () => {
  const host = new Replay({ isRoot: true });
  const events = readCapture('root-interrupts.jsonl');
  for (const call of events.filter(({ k }) => k === 'hypercall') as unknown as Recorded[]) host.run(call);
  const machine = host.partition.machine!;
  assert.equal(
    [machine.logicalProcessors, machine.virtualProcessors],
    [
      [0, 1],
      [0, 1],
    ],
  );
  const account = machine.accounts.of(1n)!;
  assert.equal([account.deposited, account.free], [2, 0]);
  assert.equal(
    machine.interrupts.list().map(({ deviceId, vector, vps }) => [deviceId.toString(16), vector, vps]),
    [
      ['8000000000000000', 0x30, [0]],
      ['8000000000000000', 0x20, [1]],
      ['4000000000000020', 0x22, [1]],
      ['4000000000000018', 0x22, [0]],
    ],
  );
});

replay.run();
