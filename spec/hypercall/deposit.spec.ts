import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import { bytesOf } from '../../src/bytes/span.js';
import {
  type Attempt,
  type Depositor,
  depositFor,
  depositPages,
  MAX_DEPOSIT,
  MAX_FRUITLESS_DEPOSITS,
  withDeposits,
} from '../../src/hypercall/deposit.js';
import type { InputPages } from '../../src/ports/input-pages.js';
import { type Answer, type ScriptedGate, scriptedGate } from './scripted-gate.js';

interface Rig extends Depositor {
  readonly gate: ScriptedGate;
  readonly taken: Set<number>;
  readonly asked: [number, boolean][];
  /** Input bytes of each call, as hex. */
  readonly inputs: string[];
}

function rig(answers: readonly Answer[], options: { isRoot?: boolean; frames?: number } = {}): Rig {
  const page = new DataView(new ArrayBuffer(4096));
  const inputs: string[] = [];
  const taken = new Set<number>();
  const asked: [number, boolean][] = [];
  let length = 0;
  let next = 0x1000;
  let left = options.frames ?? 10_000;
  const pages: InputPages = {
    withInputPage(cpu, inputBytes, _outputBytes, use) {
      length = inputBytes;
      assert.is(cpu, CPU, 'the page goes by CPU number, not by VP index');
      return use({
        input: new DataView(page.buffer, 0, inputBytes),
        inputGpa: 0x7000,
        output: new DataView(page.buffer, 0, 0),
        outputGpa: 0,
      });
    },
  };
  const gate = scriptedGate(answers, () => inputs.push(bytesToHex(bytesOf(page, 0, length))));
  return {
    gate,
    running: { cpu: CPU, gate },
    pages,
    taken,
    asked,
    inputs,
    isRoot: options.isRoot ?? false,
    frames: {
      take(count, contiguous = false) {
        asked.push([count, contiguous]);
        if (count > left) return undefined;
        left -= count;
        const frames = Array.from({ length: count }, () => next++);
        for (const frame of frames) taken.add(frame);
        return frames;
      },
      give(frames) {
        for (const frame of frames) assert.is(taken.delete(frame), true, `frame ${frame} was taken`);
      },
    },
  };
}

/** Another number than the gate's VP index. */
const CPU = 3;

const deposit = suite('memory deposit');

deposit('DEP-01: partition id, then page frames; one rep each', () => {
  const by = rig([{ status: 0, done: 2 }]);
  assert.equal(depositPages(by, 0x42n, 2), { ok: true, value: undefined });
  assert.equal(by.gate.controls, ['0x0000000200000048']);
  assert.equal(by.inputs, ['4200000000000000' + '0010000000000000' + '0110000000000000']);
  assert.is(by.taken.size, 2);
});

deposit('DEP-01: 511 pages at most, none is no call', () => {
  assert.is(MAX_DEPOSIT, 511);
  assert.equal(depositPages(rig([]), 1n, 512), { ok: false, errno: 'E2BIG' });
  assert.equal(depositPages(rig([]), 1n, 0), { ok: true, value: undefined });
});

deposit('DEP-02: what each status asks for', () => {
  const root = { isRoot: true };
  const rows: [number, object, [number, boolean][], string][] = [
    [0xb, {}, [[256, false]], '42'],
    [0x75, {}, [[8, true]], '42'],
    [0x73, root, [[256, false]], 'ff'],
    [0x83, root, [[8, true]], 'ff'],
  ];
  for (const [status, options, asked, firstByte] of rows) {
    const by = rig([{ status: 0, done: asked[0]![0] }], options);
    assert.is(depositFor(by, status, 0x42n, 256).ok, true, `0x${status.toString(16)}`);
    assert.equal(by.asked, asked);
    assert.is(by.inputs[0]!.slice(0, 2), firstByte);
  }
});

deposit('DEP-02: only the root partition gives its own memory', () => {
  for (const status of [0x73, 0x83])
    assert.equal(depositFor(rig([]), status, 0x42n, 256), { ok: false, errno: 'ENOMEM', status });
});

deposit('DEP-04: frames from the completed count up go back, the others are the hypervisor’s', () => {
  const by = rig([{ status: 0xd, done: 3 }]);
  assert.equal(depositPages(by, 0x42n, 8), { ok: false, errno: 'EINVAL', status: 0xd });
  assert.equal([...by.taken], [0x1000, 0x1001, 0x1002]);
});

deposit('DEP-04: a host that is stuck gives the rest back too', () => {
  const by = rig([
    { status: 0, done: 2 },
    { status: 0, done: 2 },
  ]);
  assert.equal(depositPages(by, 0x42n, 8), { ok: false, errno: 'EIO', status: 0 });
  assert.is(by.taken.size, 2);
});

for (const [when, answers, lost] of [
  ['at once', [], []],
  ['after a part', [{ status: 0, done: 3 }], [0x1000, 0x1001, 0x1002]],
] as const)
  deposit(`DEP-04: a result of all ones, for want of a hypercall page ${when}, took no frame`, () => {
    const by = rig([...answers, { status: 0xffffffff, done: 0xffffffff }]);
    assert.equal(depositPages(by, 0x42n, 8), { ok: false, errno: 'EOPNOTSUPP', status: 0xffff });
    assert.equal([...by.taken], lost);
  });

const attempts = (results: readonly Attempt[]): { next: () => Attempt; made: () => number } => {
  let at = 0;
  return { next: () => results[at++] ?? results[results.length - 1]!, made: () => at };
};
const want = (progress: number, status = 0xb): Attempt => ({ resultLo: status, resultHi: progress, progress });

deposit('DEP-03, DEP-05: a deposit is followed by another attempt, made anew', () => {
  const by = rig([
    { status: 0, done: 256 },
    { status: 0, done: 256 },
  ]);
  const calls = attempts([want(0), want(496), want(507, 0)]);
  const outcome = withDeposits(by, 1n, 256, calls.next);
  assert.equal(outcome, { ok: true, value: want(507, 0) });
  assert.is(calls.made(), 3);
  assert.is(by.gate.controls.length, 2);
});

deposit('DEP-05: another status is handed back, not deposited for', () => {
  const by = rig([]);
  assert.equal(
    withDeposits(by, 1n, 256, () => want(3, 0x5)),
    { ok: true, value: want(3, 0x5) },
  );
});

deposit('a failed deposit keeps its own errno', () => {
  const by = rig([], { frames: 10 });
  assert.equal(
    withDeposits(by, 1n, 256, () => want(0)),
    { ok: false, errno: 'ENOMEM' },
  );
});

deposit('DEP-06: a host that only asks is given up; one that gets on is not', () => {
  const plenty = Array.from({ length: 100 }, () => ({ status: 0, done: 1 }));
  const stubborn = attempts([want(7)]);
  assert.equal(withDeposits(rig(plenty), 1n, 1, stubborn.next), { ok: false, errno: 'ENOMEM', status: 0xb });
  assert.is(stubborn.made(), MAX_FRUITLESS_DEPOSITS + 1);
  const slow = attempts([...Array.from({ length: 60 }, (_, i) => want(i)), want(60, 0)]);
  assert.is(withDeposits(rig(plenty), 1n, 1, slow.next).ok, true);
});

deposit.run();
