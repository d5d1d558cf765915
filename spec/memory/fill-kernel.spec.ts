import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import { fillByKernel, fillByWords, fillModule } from '../../src/memory/fill-kernel.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import { signed, unsigned } from '../../src/memory/wasm-binary.js';
import { makeWasmMemory, wasmHost } from '../../src/memory/wasm-host.js';
import { refuses } from './thrown.js';

const PAGE = 4096;
const BYTES = 2 * PAGE;
const fill = suite('fill kernel');

/** First value, as a bigint: the reference wraps at 2^64. */
const FIRSTS = [0n, 1n, 0xffff_fffan, 0xffff_ffffn, 0x1_0000_0000n, 0x1f_ffff_ff00n, 2n ** 53n - 600n, 2n ** 64n - 5n];
const COUNTS = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 64, 506, 507, 508, 511, 512];

function reference(at: number, first: bigint, count: number): string {
  const view = new DataView(new ArrayBuffer(BYTES));
  new Uint8Array(view.buffer).fill(0xa5);
  for (let i = 0; i < count; i++) view.setBigUint64(at + 8 * i, first + BigInt(i), true);
  return bytesToHex(new Uint8Array(view.buffer));
}

fill('kernel and pairs of u32 write the same bytes, with the carry, and nothing around the list', () => {
  const memory = makeWasmMemory(BYTES)!;
  const bytes = new Uint8Array(memory.buffer, 0, BYTES);
  const ways = [fillByKernel(memory)!, fillByWords(new Uint32Array(memory.buffer))];
  for (const at of [0, 8, 16, 40, PAGE + 32, PAGE + 40]) {
    for (const first of FIRSTS) {
      for (const count of COUNTS.filter((one) => at + 8 * one <= BYTES)) {
        const expected = reference(at, first, count);
        for (const [index, way] of ways.entries()) {
          bytes.fill(0xa5);
          way(at, Number(first & 0xffff_ffffn), Number(first >> 32n), count);
          if (bytesToHex(bytes) !== expected) assert.unreachable(`way ${index}: ${count} from ${first} at ${at}`);
        }
      }
    }
  }
});

fill('the module is small, valid and imports nothing but its memory', () => {
  const binary = fillModule();
  assert.ok(binary.length < 400, `${binary.length} bytes`);
  const host = (globalThis as unknown as { WebAssembly: { validate(b: Uint8Array): boolean } }).WebAssembly;
  assert.is(host.validate(binary), true);
});

fill('LEB128', () => {
  const rows: [number, string, string][] = [
    [0, '00', '00'],
    [63, '3f', '3f'],
    [64, '40', 'c000'],
    [127, '7f', 'ff00'],
    [128, '8001', '8001'],
    [624485, 'e58e26', 'e58e26'],
  ];
  for (const [value, plain, twos] of rows) {
    assert.is(bytesToHex(Uint8Array.from(unsigned(value))), plain);
    assert.is(bytesToHex(Uint8Array.from(signed(value))), twos);
  }
  assert.is(bytesToHex(Uint8Array.from(signed(-1))), '7f');
  assert.is(bytesToHex(Uint8Array.from(signed(-65))), 'bf7f');
});

for (const kernel of [true, false]) {
  fill(`fillPfns ${kernel ? 'with' : 'without'} the kernel: in place, across a seam, refused where it may not`, () => {
    const memory = SharedGuestMemory.create(
      [
        { gpa: 0, length: PAGE, offset: PAGE },
        { gpa: PAGE, length: PAGE, offset: 0 },
      ],
      { kernel },
    );
    const hex = (gpa: number, length: number): string => {
      const bytes = new Uint8Array(length);
      memory.read(gpa, bytes);
      return bytesToHex(bytes);
    };
    memory.fillPfns(40, 0xffff_ffff, 3);
    assert.is(hex(32, 40), `${'00'.repeat(8)}ffffffff000000000000000001000000010000000100000000${'00'.repeat(7)}`);
    memory.fillPfns(PAGE - 16, 0x1_ffff_fffe, 4);
    assert.is(hex(PAGE - 16, 32), 'feffffff01000000ffffffff0100000000000000020000000100000002000000');
    refuses('E_ALIGN', () => memory.fillPfns(4, 0, 1), 4);
    refuses('E_GPA', () => memory.fillPfns(2 * PAGE - 8, 0, 2), 2 * PAGE - 8);
    for (const [first, count] of [
      [-1, 1],
      [2 ** 53, 1],
      [0.5, 1],
      [0, -1],
      [0, 1.5],
      [0, Number.NaN],
    ] as const)
      refuses('E_RANGE', () => memory.fillPfns(0, first, count), 0);
  });
}

/** Runs `use` in a host whose WebAssembly is `stand`. */
function withWebAssembly(stand: unknown, use: () => void): void {
  const original = Object.getOwnPropertyDescriptor(globalThis, 'WebAssembly')!;
  Object.defineProperty(globalThis, 'WebAssembly', { value: stand, configurable: true, writable: true });
  try {
    use();
  } finally {
    Object.defineProperty(globalThis, 'WebAssembly', original);
  }
}

fill('a host without WebAssembly, or one that forbids it, gets the plain way and the same bytes', () => {
  const real = wasmHost()!;
  const refusing = class {
    constructor() {
      throw new EvalError('code generation is forbidden');
    }
  };
  const hosts: [string, unknown][] = [
    ['none', undefined],
    ['no shared memories', { ...hostOf(real), Memory: refusing }],
    ['no instances', { ...hostOf(real), Instance: refusing }],
  ];
  for (const [what, host] of hosts) {
    withWebAssembly(host, () => {
      const memory = SharedGuestMemory.create(PAGE);
      assert.is(memory.hasKernel, false, what);
      assert.instance(memory.window(0, 8)!.buffer, SharedArrayBuffer);
      memory.fillPfns(8, 0xffff_ffff, 2);
      assert.is(memory.readU64(8), 0xffff_ffffn);
      assert.is(memory.readU64(16), 0x1_0000_0000n);
      assert.is(memory.readU64(24), 0n);
    });
  }
});

function hostOf(host: NonNullable<ReturnType<typeof wasmHost>>): object {
  return { Memory: host.Memory, Module: host.Module, Instance: host.Instance };
}

fill.run();
