import { lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { MonitorSession } from './monitor-session.js';

/** Bytes of the path of a Unix socket, without the zero behind it (unix(7), sun_path; 104 with it on BSD). Node binds what fits. */
export const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

/** Connections of a monitor on a Unix stream socket. */
export class MonitorSocket {
  private readonly server: Server;
  private readonly open = new Set<Socket>();
  private readonly path: string;

  private constructor(server: Server, path: string) {
    this.server = server;
    this.path = path;
  }

  /**
   * Listens at `path`; a socket that an earlier process left there, where nobody answers, is replaced. Rejects with what the
   * system says: EADDRINUSE for a path where somebody listens or that is no socket, ENAMETOOLONG over LONGEST_PATH bytes.
   */
  static async listen(path: string, session: MonitorSession): Promise<MonitorSocket> {
    if (new TextEncoder().encode(path).length > LONGEST_PATH)
      throw Object.assign(new Error(`a socket's path has at most ${LONGEST_PATH} bytes`), { code: 'ENAMETOOLONG' });
    if (isSocket(path) && (await isDead(path))) unlinkSync(path);
    const server = createServer();
    const monitor = new MonitorSocket(server, path);
    server.on('connection', (socket) => monitor.take(socket, session));
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen(path, () => {
        server.off('error', fail);
        done();
      });
    });
    return monitor;
  }

  /** Ends all connections and stops listening; the socket file goes. */
  close(): void {
    for (const socket of this.open) socket.destroy();
    this.server.close();
    if (isSocket(this.path)) unlinkSync(this.path);
  }

  private take(socket: Socket, session: MonitorSession): void {
    this.open.add(socket);
    const events = session.connect({
      send: (bytes) => void socket.write(bytes),
      // What was sent gets there; what comes in no longer counts.
      close: () => socket.destroySoon(),
    });
    socket.on('data', (bytes: Uint8Array) => events.received(bytes));
    // The close that follows says the same.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.open.delete(socket);
      events.ended();
    });
  }
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}

/** True for a socket of which nobody has the other end any more. */
function isDead(path: string): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      done(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED'));
  });
}
