import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../src/capture/decoder.js';
import { CONVENTIONS, type Registers } from '../../src/hypercall/conventions.js';
import type { Region } from '../../src/memory/regions.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import { readCapture } from '../support/captures.js';
import { PartitionRig } from './partition-rig.js';

// A recorded guest's calls, made again: what is recorded of them is what was.

const test = suite('hypervisor: records of calls');

/** RAM as far as the calls touch it. */
const GUEST: Readonly<Record<string, { readonly arch: 'x64' | 'arm64'; readonly ram: Region }>> = {
  'conversation-boot.jsonl': { arch: 'x64', ram: { gpa: 0, length: 64 << 20, offset: 0 } },
  'conversation-mmiocall.jsonl': { arch: 'x64', ram: { gpa: 0, length: 64 << 20, offset: 0 } },
  'arm64-registers.jsonl': { arch: 'arm64', ram: { gpa: 0x57c00000, length: 1 << 20, offset: 0 } },
};
/** Posts, signals, device space, registers. */
const CODES: ReadonlySet<unknown> = new Set(['0x5c', '0x5d', '0x106', '0x107', '0x50', '0x51']);

function remake(rig: PartitionRig, event: Event): Event {
  const { arch } = rig.partition;
  const at = BigInt(String(event.rip ?? event.pc));
  if (event.fast === 0) rig.memory.write(Number(event.rdx), fromHex(String(event.in)));
  const x = event.x as readonly string[] | undefined;
  const registers: Registers =
    arch === 'x64'
      ? {
          RCX: BigInt(String(event.control)),
          RDX: BigInt(String(event.rdx)),
          R8: BigInt(String(event.r8)),
          RAX: BigInt(String(event.rax_before)),
        }
      : Object.fromEntries(x!.map((word, i) => [`X${i}`, BigInt(word)]));
  rig.events.length = 0;
  rig.partition.hypercall(Number(event.vp), CONVENTIONS[arch === 'x64' ? 'x64' : 'arm64-smccc'], registers, at);
  return rig.kinds('hypercall')[0]!;
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

for (const [name, { arch, ram }] of Object.entries(GUEST))
  test(name, () => {
    const memory = SharedGuestMemory.create([ram], { kernel: false });
    const rig = new PartitionRig({ arch, memory });
    for (const id of [1, 4, 0x4001]) rig.partition.listenMessages(id, () => 0);
    rig.partition.listenSignals(0x10003, () => undefined);
    // What the device answered is the next recorded output.
    let answer = 0n;
    const device = { read: () => answer, write: () => undefined };
    rig.partition.mapWindow(0xf8000000, 0x100000, device);
    const calls = readCapture(name).filter((event) => event.k === 'hypercall' && CODES.has(event.code));
    const wanted = calls.filter((event) => (arch === 'x64' ? event.rip : event.x) !== undefined);
    assert.ok(wanted.length > 5);
    for (const event of wanted) {
      if (event.code === '0x106') answer = new DataView(fromHex(String(event.out)).buffer).getBigUint64(0, true);
      const { n, t_us, ...recorded } = event;
      const made = remake(rig, event);
      assert.equal(made, recorded, `event ${String(n)} at ${String(t_us)} us`);
      assert.equal(Object.keys(made), Object.keys(recorded), `order of event ${String(n)}`);
    }
  });

test.run();
