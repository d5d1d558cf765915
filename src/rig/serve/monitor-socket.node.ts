import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { MonitorSession } from './monitor-session.js';

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
   * Listens at `path`; a socket that an earlier process left there is replaced. Rejects with what the system says, EADDRINUSE
   * for a path that is no socket.
   */
  static async listen(path: string, session: MonitorSession): Promise<MonitorSocket> {
    if (existsSync(path) && lstatSync(path).isSocket()) unlinkSync(path);
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
    if (existsSync(this.path) && lstatSync(this.path).isSocket()) unlinkSync(this.path);
  }

  private take(socket: Socket, session: MonitorSession): void {
    this.open.add(socket);
    const events = session.connect({
      send: (bytes) => void socket.write(bytes),
      close: () => socket.end(),
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
