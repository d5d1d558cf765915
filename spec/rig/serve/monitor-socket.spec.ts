import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encode } from '../../../src/layout/codec.js';
import { MonitorSession } from '../../../src/rig/serve/monitor-session.js';
import { LONGEST_PATH, MonitorSocket } from '../../../src/rig/serve/monitor-socket.node.js';
import { FrameType, monitor_hello, Role } from '../../../src/rig/serve/wire.js';
import { withTempFolder } from '../../support/project.js';
import { fakeTarget } from './fake-target.js';
import { ScriptedConnection } from './scripted-monitor.js';

const test = suite('rig/serve: monitor socket');

const idle = (): MonitorSession =>
  new MonitorSession({
    machine: () => fakeTarget(),
    over: () => undefined,
    complain: () => undefined,
    failed: () => undefined,
  });

test('a socket that nobody listens on any more is replaced, one that somebody listens on is not', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'm.sock');
    // A process that dies leaves its socket behind.
    spawnSync(process.execPath, [
      '-e',
      `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    assert.ok(lstatSync(path).isSocket());
    const first = await MonitorSocket.listen(path, idle());
    const code = await MonitorSocket.listen(path, idle()).then(
      () => 'listening',
      (error: NodeJS.ErrnoException) => error.code,
    );
    assert.is(code, 'EADDRINUSE');
    const connection = await ScriptedConnection.open(path);
    assert.ok(
      await connection.ask(FrameType.HELLO, encode(monitor_hello, { version: 1, role: Role.CONTROL, vcpus: 1 })),
      'the first one answers',
    );
    connection.close();
    first.close();
    assert.not(existsSync(path));
    (await MonitorSocket.listen(path, idle())).close();
    writeFileSync(path, 'no socket');
    await MonitorSocket.listen(path, idle()).then(
      () => assert.unreachable(),
      (error: NodeJS.ErrnoException) => assert.is(error.code, 'EADDRINUSE'),
    );
  });
});

test('a path that does not fit a socket is refused, and nothing is made', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'm-'));
  try {
    (await MonitorSocket.listen(join(folder, pad(folder, LONGEST_PATH)), idle())).close();
    for (const name of [pad(folder, LONGEST_PATH + 1), 'é'.repeat((LONGEST_PATH - folder.length) / 2 + 1)]) {
      const code = await MonitorSocket.listen(join(folder, name), idle()).then(
        (made) => made.close(),
        (error: NodeJS.ErrnoException) => error.code,
      );
      assert.is(code, 'ENAMETOOLONG');
      assert.equal(readdirSync(folder), []);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A name that makes a path of `bytes` bytes in `folder`. */
function pad(folder: string, bytes: number): string {
  return 'a'.repeat(bytes - folder.length - 1);
}

test.run();
