import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.js';
import { encode } from '../../../src/layout/codec.js';
import { setupReply } from '../../../src/rig/serve/answer.js';
import { FrameReader } from '../../../src/rig/serve/frame-reader.js';
import { MonitorSession } from '../../../src/rig/serve/monitor-session.js';
import { MonitorSocket } from '../../../src/rig/serve/monitor-socket.node.js';
import type { MonitorTarget } from '../../../src/rig/serve/monitor-target.js';
import { FrameType, frameBytes, monitor_hello, monitor_hvc, monitor_rdmsr, Role } from '../../../src/rig/serve/wire.js';
import { withTempFolder } from '../../support/project.js';
import { type FakeTarget, fakeTarget } from './fake-target.js';
import { ScriptedConnection } from './scripted-monitor.js';

const test = suite('rig/serve: monitor session');

interface Served {
  readonly session: MonitorSession;
  readonly target: FakeTarget;
  readonly complaints: string[];
  readonly over: Promise<void>;
  open(options?: { readonly allowHalfOpen: boolean }): Promise<ScriptedConnection>;
}

/** A session on a real socket. */
async function served(arch: 'x64' | 'arm64', play: (served: Served) => Promise<void>): Promise<void> {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'm.sock');
    const target = fakeTarget(arch);
    const complaints: string[] = [];
    let tell = (): void => undefined;
    const over = new Promise<void>((done) => {
      tell = done;
    });
    const session = new MonitorSession({
      machine: (vcpus) => (vcpus > 64 ? undefined : target),
      over: () => tell(),
      complain: (why) => complaints.push(why),
      failed: (error) => complaints.push(`fault: ${(error as Error).message}`),
    });
    const socket = await MonitorSocket.listen(path, session);
    const connections: ScriptedConnection[] = [];
    const open: Served['open'] = async (options) => {
      const connection = await ScriptedConnection.open(path, options);
      connections.push(connection);
      return connection;
    };
    try {
      await play({ session, target, complaints, over, open });
    } finally {
      for (const connection of connections) connection.close();
      socket.close();
    }
  });
}

const hello = (role: number, vcpus = 2, version = 1): Uint8Array => encode(monitor_hello, { version, role, vcpus });

test('HELLO on the control connection gets the setup, requests get answers', () =>
  served('x64', async ({ open, target, complaints }) => {
    const control = await open();
    const setup = await control.ask(FrameType.HELLO, hello(Role.CONTROL));
    assert.is(bytesToHex(setup!.payload), bytesToHex(setupReply(target)));
    const reply = await control.ask(FrameType.RDMSR, encode(monitor_rdmsr, { msr: 0x40000002 }), 1);
    assert.is(bytesToHex(reply!.payload), '00000000000000000100000000000000');
    assert.equal(target.seen, ['rdmsr 1 40000002']);
    assert.equal(complaints, []);
  }));

for (const { arch, type, payload } of [
  { arch: 'x64', type: FrameType.MSI, payload: '0010e0fe00000000f300000000000000' },
  { arch: 'arm64', type: FrameType.INTID, payload: '01000000f3000000' },
] as const)
  test(`an interrupt of ${arch} goes to the event connection, also one that came before it`, () =>
    served(arch, async ({ open, session }) => {
      const control = await open();
      await control.ask(FrameType.HELLO, hello(Role.CONTROL));
      session.interrupts.interrupt(1, 0xf3);
      const events = await open();
      const welcome = await events.ask(FrameType.HELLO, hello(Role.EVENTS));
      assert.is(welcome!.payload.length, 0);
      session.interrupts.interrupt(1, 0xf3);
      for (const seq of [0, 1]) {
        const frame = await events.next();
        assert.is(frame!.type, type);
        assert.is(frame!.seq, seq);
        assert.is(bytesToHex(frame!.payload), payload);
      }
    }));

for (const role of [Role.CONTROL, Role.EVENTS])
  test(`the end of a connection of role ${role} ends the session`, () =>
    served('x64', async ({ open, over }) => {
      const connections = [await open(), await open()];
      await connections[0]!.ask(FrameType.HELLO, hello(Role.CONTROL));
      await connections[1]!.ask(FrameType.HELLO, hello(Role.EVENTS));
      connections[role]!.close();
      await over;
    }));

const refused: readonly { readonly note: string; readonly bytes: Uint8Array; readonly complaint: RegExp }[] = [
  { note: 'another request first', bytes: frameBytes(2, 0, 0, new Uint8Array(8)), complaint: /begins with HELLO/ },
  { note: 'a HELLO that is cut short', bytes: frameBytes(1, 0, 0, new Uint8Array(15)), complaint: /begins with HELLO/ },
  { note: 'another version', bytes: frameBytes(1, 0, 0, hello(0, 2, 2)), complaint: /version 2, not 1/ },
  { note: 'a role that is none', bytes: frameBytes(1, 0, 0, hello(2)), complaint: /role 2/ },
  { note: 'no processor', bytes: frameBytes(1, 0, 0, hello(0, 0)), complaint: /0 processors/ },
  { note: 'too many processors', bytes: frameBytes(1, 0, 0, hello(0, 0xffffffff)), complaint: /4294967295 processors/ },
  { note: 'more than the machine has', bytes: frameBytes(1, 0, 0, hello(0, 65)), complaint: /no machine with 65/ },
  { note: 'noise', bytes: new Uint8Array(64).fill(0xff), complaint: /4294967295 bytes, 4096/ },
];

for (const { note, bytes, complaint } of refused)
  test(`${note}: refused, and the next monitor is served`, () =>
    served('x64', async ({ open, complaints }) => {
      const wrong = await open();
      wrong.raw(bytes);
      await wrong.end();
      assert.match(complaints.join(), complaint);
      const control = await open();
      assert.ok(await control.ask(FrameType.HELLO, hello(Role.CONTROL)));
    }));

/** A session without sockets: what its streams are sent, how often they are closed, and what it told. */
function bare(machine: () => MonitorTarget | undefined = () => fakeTarget()) {
  const told: string[] = [];
  const session = new MonitorSession({
    machine,
    over: () => told.push('over'),
    complain: (why) => told.push(why),
    failed: (error) => told.push(`fault: ${(error as Error).message}`),
  });
  const open = () => {
    const sent: Uint8Array[] = [];
    const closed = { times: 0 };
    const events = session.connect({ send: (bytes) => sent.push(bytes), close: () => closed.times++ });
    return {
      sent,
      closed,
      events,
      greet: (...args: HelloWords) => events.received(frameBytes(1, 0, 0, hello(...args))),
    };
  };
  return { told, session, open };
}

type HelloWords = Parameters<typeof hello>;

for (const { note, bytes } of refused)
  test(`${note}: what comes behind it on the same connection is not heard`, () => {
    const { told, open } = bare(() => (note.startsWith('more than') ? undefined : fakeTarget()));
    const wrong = open();
    // Together with it, and afterwards.
    wrong.events.received(new Uint8Array([...bytes, ...frameBytes(1, 0, 0, hello(Role.CONTROL))]));
    wrong.greet(Role.CONTROL);
    wrong.greet(Role.EVENTS);
    assert.is(told.length, 1, told.join('; '));
    assert.equal([wrong.sent.length, wrong.closed.times], [0, 1]);
    wrong.events.ended();
    assert.not(told.includes('over'));
    if (note.startsWith('more than')) return;
    const control = open();
    control.greet(Role.CONTROL);
    assert.equal([control.sent.length, control.closed.times, told.length], [1, 0, 1]);
  });

test('a refused connection is closed, not only ended: a client that keeps its half open is cut off', () =>
  served('x64', async ({ open }) => {
    const wrong = await open({ allowHalfOpen: true });
    assert.ok(await wrong.sendUntilEnd(frameBytes(1, 0, 0, hello(Role.CONTROL, 2, 7))));
  }));

test('interrupts before the event connection are kept once for each input of a processor', () => {
  const { session, open } = bare();
  open().greet(Role.CONTROL);
  for (let i = 0; i < 5000; i++)
    for (const [vcpu, vector] of [
      [1, 0x30],
      [0, 0x30],
      [1, 0x31],
      [0, 1024 + i],
    ] as const)
      session.interrupts.interrupt(vcpu, vector);
  const events = open();
  events.greet(Role.EVENTS);
  const frames = [...new FrameReader().push(new Uint8Array(events.sent.flatMap((bytes) => [...bytes])))];
  assert.equal(
    frames.slice(1).map(({ vcpu, seq, payload }) => [vcpu, seq, payload[8]]),
    [
      [1, 0, 0x30],
      [0, 1, 0x30],
      [1, 2, 0x31],
    ],
  );
  session.interrupts.interrupt(1, 0x30);
  session.interrupts.interrupt(1, 0x30);
  assert.is(events.sent.length, 6, 'afterwards each is sent');
});

test('a machine that cannot be made is a fault that is told; the connection is refused, the next one asks again', () => {
  let broken = true;
  const { told, open } = bare(() => {
    if (broken) throw new Error('no memory');
    return fakeTarget();
  });
  const first = open();
  first.greet(Role.CONTROL);
  assert.equal(told, ['fault: no memory', 'the machine cannot be made: connection closed']);
  assert.equal([first.sent.length, first.closed.times], [0, 1]);
  broken = false;
  const second = open();
  second.greet(Role.CONTROL);
  assert.equal([second.sent.length, told.length], [1, 2]);
});

test('a second monitor is refused, the first goes on', () =>
  served('x64', async ({ open, complaints }) => {
    const control = await open();
    await control.ask(FrameType.HELLO, hello(Role.CONTROL));
    for (const [role, count] of [
      [Role.CONTROL, 1],
      [Role.EVENTS, 2],
    ] as const)
      for (let i = 0; i < count; i++) {
        const other = await open();
        const answered = await other.ask(FrameType.HELLO, hello(role));
        assert.is(answered !== undefined, role === Role.EVENTS && i === 0);
      }
    assert.equal(complaints, [
      'a second control connection: connection closed',
      'a second event connection: connection closed',
    ]);
    assert.ok(await control.ask(FrameType.RDMSR, encode(monitor_rdmsr, { msr: 0x40000002 })));
  }));

test('noise behind a good start closes the connection and ends the session', () =>
  served('x64', async ({ open, over, complaints }) => {
    const control = await open();
    await control.ask(FrameType.HELLO, hello(Role.CONTROL));
    control.raw(new Uint8Array(40).fill(0xee));
    await over;
    await control.end();
    assert.match(complaints.join(), /4008636142 bytes/);
  }));

test('a fault of the machine is told, and the monitor gets an answer', () =>
  served('arm64', async ({ open, target, complaints }) => {
    const control = await open();
    await control.ask(FrameType.HELLO, hello(Role.CONTROL));
    target.hypercall = () => {
      throw new Error('broken');
    };
    const registers = new Uint8Array(monitor_hvc.size).fill(7);
    const reply = await control.ask(FrameType.HVC, registers);
    assert.is(bytesToHex(reply!.payload), bytesToHex(registers));
    assert.equal(complaints, ['fault: broken']);
  }));

test('what an event connection sends is no request', () =>
  served('x64', async ({ open, complaints, target, session }) => {
    const control = await open();
    await control.ask(FrameType.HELLO, hello(Role.CONTROL));
    const events = await open();
    await events.ask(FrameType.HELLO, hello(Role.EVENTS));
    events.raw(frameBytes(FrameType.RDMSR, 0, 5, hexToBytes('0200004000000000')));
    while (complaints.length === 0) await control.ask(FrameType.RDMSR, encode(monitor_rdmsr, { msr: 0x40000003 }));
    assert.match(complaints.join(), /type 2 on the event connection/);
    assert.not(target.seen.includes('rdmsr 0 40000002'));
    session.interrupts.interrupt(0, 1);
    assert.is((await events.next())!.type, FrameType.MSI);
  }));

test.run();
