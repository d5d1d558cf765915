import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.js';
import { readRecords } from '../../../src/capture/input.node.js';
import { Tally } from '../../../src/capture/tally.js';
import { decode, encode } from '../../../src/layout/codec.js';
import { u32 } from '../../../src/layout/scalar.js';
import {
  FrameType,
  frameBytes,
  monitor_hello,
  monitor_hypercall,
  monitor_hypercall_reply,
  monitor_rdmsr,
  Role,
} from '../../../src/rig/serve/wire.js';
import { CLI, hvabi, plainEnv } from '../../cli/run-cli.js';
import { withTempFolder } from '../../support/project.js';
import { ScriptedConnection } from './scripted-monitor.js';

const test = suite('cli: serve');

const MEMORY_BYTES = 64 << 20;

interface Served {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly memory: string;
  readonly record: string;
  /** Everything printed so far on both outputs. */
  text(): string;
  /** Resolves when `wanted` has been printed; rejects where it ends before. */
  printed(wanted: RegExp): Promise<void>;
  readonly ended: Promise<number | null>;
}

async function served(args: readonly string[], play: (served: Served) => Promise<void>): Promise<void> {
  await withTempFolder(async (folder) => {
    const memory = join(folder, 'guest.ram');
    const socket = join(folder, 'm.sock');
    const record = join(folder, 'out.hvc.jsonl');
    writeFileSync(memory, '');
    truncateSync(memory, MEMORY_BYTES);
    const child = spawn(
      process.execPath,
      [CLI, 'serve', '--monitor', socket, '--memory', memory, '--record', record, ...args],
      { env: plainEnv(), stdio: ['pipe', 'pipe', 'pipe'] },
    );
    let text = '';
    let look = (): void => undefined;
    const take = (piece: string): void => {
      text += piece;
      look();
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.stdin.on('error', () => undefined);
    let isOver = false;
    const ended = new Promise<number | null>((done) =>
      child.on('close', (code) => {
        isOver = true;
        look();
        done(code);
      }),
    );
    const printed = async (wanted: RegExp): Promise<void> => {
      while (!wanted.test(text)) {
        if (isOver) throw new Error(`it ended without ${wanted}: ${text}`);
        await new Promise<void>((done) => {
          look = done;
        });
      }
    };
    try {
      await printed(/listening on/);
      await play({ child, socket, memory, record, text: () => text, printed, ended });
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });
}

const hello = (role: number, vcpus = 2): Uint8Array => encode(monitor_hello, { version: 1, role, vcpus });

/** Both connections of a monitor, its processors set up. */
async function connected(socket: string): Promise<[ScriptedConnection, ScriptedConnection]> {
  const control = await ScriptedConnection.open(socket);
  const setup = await control.ask(FrameType.HELLO, hello(Role.CONTROL));
  assert.ok(decode(u32, setup!.payload.slice(0, 4)) >= 6, 'CPUID leaves');
  const events = await ScriptedConnection.open(socket);
  await events.ask(FrameType.HELLO, hello(Role.EVENTS));
  return [control, events];
}

for (const closing of ['control', 'events'] as const)
  test(`it ends with 0 when the ${closing} connection goes, with a record that decodes`, () =>
    served([], async ({ socket, record, text, ended }) => {
      const [control, events] = await connected(socket);
      const reply = await control.ask(FrameType.RDMSR, encode(monitor_rdmsr, { msr: 0x40000002 }), 1);
      assert.is(decode(u32, reply!.payload.slice(8, 12)), 1, 'VP index');
      (closing === 'control' ? control : events).close();
      assert.is(await ended, 0);
      control.close();
      events.close();
      assert.match(text(), /guest +2 processors, VP 0, 1/);
      assert.match(text(), /total +\d+ events recorded in/);
      assert.not(existsSync(socket));
      const tally = new Tally();
      const kinds: string[] = [];
      for (const one of readRecords(record)) {
        tally.add(one);
        kinds.push(one.kind);
      }
      assert.equal(kinds, ['setup', 'rdmsr', 'end']);
      assert.ok(tally.ok, tally.line());
    }));

test('it ends with 0 when standard input closes', () =>
  served([], async ({ child, text, ended }) => {
    child.stdin!.end();
    assert.is(await ended, 0);
    assert.match(text(), /no guest came/);
  }));

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`it ends with 0 on ${signal}`, () =>
    served([], async ({ child, ended }) => {
      child.kill(signal);
      assert.is(await ended, 0);
    }));

test('lines on standard input', () =>
  served(['--scenario', 'multi'], async ({ child, socket, printed, ended }) => {
    child.stdin!.write('eject\nnonsense\n');
    await printed(/eject: no guest yet/);
    await printed(/"nonsense": takes eject, relations, rescind, reoffer/);
    const [control, events] = await connected(socket);
    child.stdin!.write('eject\n');
    await printed(/there is nothing to eject/);
    child.stdin!.write('rescind\n');
    await printed(/channel 3 \(8fd2b1c6-37a9-4e05-b2d4-6a915ce07f18\) goes away/);
    child.stdin!.write('reoffer\n');
    await printed(/is offered again/);
    control.close();
    events.close();
    assert.is(await ended, 0);
  }));

test('noise does not end it; the next monitor is served', () =>
  served([], async ({ socket, printed, ended, text }) => {
    for (const noise of [new Uint8Array(100).fill(0xff), frameBytes(4, 0, 0, new Uint8Array(8)), new Uint8Array(15)]) {
      const wrong = await ScriptedConnection.open(socket);
      wrong.raw(noise);
      if (noise.length >= 16) await wrong.end();
      wrong.close();
    }
    await printed(/begins with HELLO/);
    const [control, events] = await connected(socket);
    // A hypercall of 8 bytes, a type that is none, a processor that is none.
    assert.is((await control.ask(FrameType.HYPERCALL, new Uint8Array(8)))?.payload.length, 112);
    assert.is((await control.ask(77, new Uint8Array(0)))?.payload.length, 0);
    for (const type of [2, 3, 4, 5, 6, 7])
      assert.ok(await control.ask(type, new Uint8Array(200).fill(0xff), 0xffffffff), `type ${type}`);
    control.close();
    events.close();
    assert.is(await ended, 0);
    assert.not.match(text(), /fault of the host/);
  }));

test('it ends tidily when the reader of its output goes away', () =>
  served(['-v'], async ({ child, socket, record, ended }) => {
    // The reader goes only when both connections stand: the first line nobody takes ends the process.
    const [control, events] = await connected(socket);
    child.stdout!.destroy();
    control.raw(frameBytes(FrameType.RDMSR, 1, 9, encode(monitor_rdmsr, { msr: 0x40000002 })));
    assert.is(await ended, 0);
    control.close();
    events.close();
    assert.not(existsSync(socket));
    const kinds = [...readRecords(record)].map(({ kind }) => kind);
    assert.equal([kinds[0], kinds.at(-1)], ['setup', 'end']);
  }));

/** Partition (itself), owner VTL 0, type 1 (stage 1), number 1. */
const DOMAIN = `${'ff'.repeat(8)}${'00'.repeat(8)}0100000001000000`;
const LOGICAL_ID = '004ea93700000000';

/** A call with its input in page 1 and its output in page 2: the result word, and so many bytes of the output. */
async function callOf(control: ScriptedConnection, memory: string, code: number, input: string, out = 0) {
  const file = openSync(memory, 'r+');
  writeSync(file, hexToBytes(input), 0, null, 0x1000);
  const request = { rcx: BigInt(code), rdx: 0x1000n, r8: 0x2000n, rax: 0n, rip: 0n, cr3: 0n, xmm: [] };
  const reply = await control.ask(FrameType.HYPERCALL, encode(monitor_hypercall, request));
  const bytes = new Uint8Array(out);
  if (out > 0) readSync(file, bytes, 0, out, 0x2000);
  closeSync(file);
  return { result: decode(monitor_hypercall_reply, reply!.payload).rax, output: bytesToHex(bytes) };
}

for (const [args, isThere] of [
  [['--iommu'], true],
  [['--iommu', 'own'], true],
  [[], false],
] as const)
  test(`PVI-03, PVI-24 calls of device domains over the socket: ${args.join(' ') || 'no --iommu'}`, () =>
    served(args, async ({ socket, memory, record, text, ended }) => {
      const [control, events] = await connected(socket);
      const call = (code: number, input: string, out = 0) => callOf(control, memory, code, input, out);
      const capabilities = await call(0x125, 'ff'.repeat(8) + '00'.repeat(8), 24);
      const property = await call(0x127, `${'ff'.repeat(8)}${LOGICAL_ID}0a00000000000000`, 16);
      const statuses = [
        (await call(0xb1, `${DOMAIN}0000000000000000`)).result,
        // Not configured yet, then blocked.
        (await call(0xb2, `${DOMAIN}${LOGICAL_ID}`)).result,
        (await call(0xce, `${DOMAIN}0300000000000000${'00'.repeat(8)}`)).result,
        (await call(0xb2, `${DOMAIN}${LOGICAL_ID}`)).result,
      ];
      control.close();
      events.close();
      assert.is(await ended, 0);
      const kinds = [...readRecords(record)].map(({ kind }) => kind);
      if (!isThere) {
        assert.equal([capabilities.result, property.result, ...statuses], Array(6).fill(2n));
        assert.not(kinds.includes('device_domains'));
        return;
      }
      assert.match(text(), /listening on .*; an IOMMU with (the recorded rules|rules of its own)/);
      // Size 24, 48 bits, present and stage 1, pages of 4K, 2M and 1G.
      assert.equal(capabilities, { result: 0n, output: `180000000000300005000000000000000010204000000000` });
      assert.equal(property, { result: 0n, output: `01${'00'.repeat(15)}` });
      assert.equal(statuses, [0n, 5n, 0n, 0n]);
      assert.equal(kinds.slice(-2), ['device_domains', 'end']);
      assert.match(readFileSync(record, 'utf8'), /"domains":\{"1:0x1":0\},"devices":\{"0x37a94e00":"1:0x1"\}/);
      assert.match(text(), /IOMMU +1 domain, 1 device in them, 0 accesses refused/);
    }));

test('a second one on the socket of a living one is refused, and the first goes on', () =>
  served([], async ({ socket, ended }) => {
    const { code, err } = hvabi(['serve', '--monitor', socket, '--memory', 'package-lock.json']);
    assert.is(code, 2);
    assert.match(err, /m\.sock: cannot listen: EADDRINUSE\n {2}somebody listens there/);
    const [control, events] = await connected(socket);
    control.close();
    events.close();
    assert.is(await ended, 0);
  }));

const wrong: readonly { note: string; args: readonly string[]; error: RegExp; remedy?: RegExp }[] = [
  { note: 'no monitor', args: ['--memory', 'package.json'], error: /--monitor/, remedy: /serve --help/ },
  { note: 'no memory', args: ['--monitor', '/tmp/x.sock'], error: /--memory/ },
  {
    note: 'a scenario that is none',
    args: ['--monitor', 'x', '--memory', 'package.json', '--scenario', 'best'],
    error: /boot, old, v12/,
  },
  {
    note: 'an IOMMU that is none',
    args: ['--monitor', 'x', '--memory', 'package.json', '--iommu', 'best'],
    error: /recorded, own, off/,
  },
  {
    note: 'an IOMMU on arm64',
    args: ['--monitor', 'x', '--memory', 'package.json', '--arch', 'arm64', '--iommu'],
    error: /--iommu recorded: guests have this IOMMU on x64 only/,
    remedy: /leave --arch out, or --iommu/,
  },
  {
    note: '-q and -v',
    args: ['--monitor', 'x', '--memory', 'package.json', '-q', '-v'],
    error: /-v shows every event and -q none/,
    remedy: /leave one of them out/,
  },
  {
    note: 'a record on standard output',
    args: ['--monitor', 'x', '--memory', 'package-lock.json', '--record', '-'],
    error: /--record -: standard output is for what happens/,
    remedy: /name a file/,
  },
  {
    note: 'a VMBus version that is no version',
    args: ['--monitor', 'x', '--memory', 'package.json', '--vmbus-max', 'new'],
    error: /'new' is invalid\. Takes a version such as 1\.4/,
  },
  {
    note: 'a VMBus version that is none',
    args: ['--monitor', 'x', '--memory', 'package.json', '--vmbus-max', '5.9'],
    error: /--vmbus-max 5\.9: no such version/,
    remedy: /takes 0\.13, 1\.1, .*6\.0/,
  },
  {
    note: 'a vPCI version that is none',
    args: ['--monitor', 'x', '--memory', 'package.json', '--vpci-max', '1.0'],
    error: /--vpci-max 1\.0: no such version/,
    remedy: /takes 1\.1, 1\.2/,
  },
  {
    note: 'a memory file that is not there',
    args: ['--monitor', 'x', '--memory', 'no/such/file'],
    error: /no\/such\/file: no such file/,
    remedy: /made before, as large as the guest's RAM/,
  },
  {
    note: 'a record that cannot be made',
    args: ['--monitor', 'x', '--memory', 'package-lock.json', '--record', 'no/such/x'],
    error: /no\/such\/x: cannot be written: no such folder/,
    remedy: /folder that is there/,
  },
  ...[0, 1, 10_000_000].map((hz) => ({
    note: `a time stamp counter of ${hz} Hz`,
    args: ['--monitor', 'x', '--memory', 'package-lock.json', '--tsc-hz', String(hz)],
    error: new RegExp(`--tsc-hz ${hz}: too slow for reference time`),
    remedy: /takes 10000001 or more/,
  })),
  {
    note: 'a memory file without a page',
    args: ['--monitor', 'x', '--memory', '.npmrc'],
    error: /\.npmrc: holds no page/,
  },
  {
    note: 'a socket that cannot be made',
    args: ['--monitor', '/no/such/folder/x.sock', '--memory', 'package-lock.json'],
    error: /cannot listen/,
    remedy: /folder that does/,
  },
  {
    note: 'a socket whose path is too long',
    args: ['--monitor', `/tmp/${'a'.repeat(103)}`, '--memory', 'package-lock.json'],
    error: /cannot listen: ENAMETOOLONG/,
    remedy: /at most \d+ bytes/,
  },
];

for (const { note, args, error, remedy } of wrong)
  test(`${note}: 2, and what to do`, () => {
    const { code, err } = hvabi(['serve', ...args]);
    const [first = '', second = ''] = err.split('\n');
    assert.is(code, 2, err);
    assert.match(first, error);
    if (remedy) assert.match(second, remedy);
  });

test.run();
