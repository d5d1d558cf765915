import { connect, type Socket } from 'node:net';
import { type Frame, FrameReader } from '../../../src/rig/serve/frame-reader.js';
import { frameBytes } from '../../../src/rig/serve/wire.js';

/** One connection of a monitor that a spec plays. */
export class ScriptedConnection {
  private readonly socket: Socket;
  private readonly frames: Frame[] = [];
  private readonly wakers: (() => void)[] = [];
  private ended = false;
  private seq = 1;

  private constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader();
    socket.on('data', (bytes: Uint8Array) => {
      this.frames.push(...reader.push(bytes));
      this.wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.ended = true;
      this.wake();
    });
  }

  /** `allowHalfOpen`: it goes on sending when the other side has said its last. */
  static async open(path: string, options: { readonly allowHalfOpen?: boolean } = {}): Promise<ScriptedConnection> {
    const socket = connect({ path, ...options });
    await new Promise<void>((done, fail) => {
      socket.once('connect', done);
      socket.once('error', fail);
    });
    return new ScriptedConnection(socket);
  }

  raw(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends a request and waits for the answer with its number; undefined when the connection ends before. */
  async ask(type: number, payload: Uint8Array, vcpu = 0): Promise<Frame | undefined> {
    const seq = this.seq++;
    this.raw(frameBytes(type, vcpu, seq, payload));
    const frame = await this.next();
    if (frame !== undefined && frame.seq !== seq) throw new Error(`answer ${frame.seq} to request ${seq}`);
    return frame;
  }

  /** The next frame; undefined when the connection ends before. */
  async next(): Promise<Frame | undefined> {
    while (this.frames.length === 0 && !this.ended) await new Promise<void>((done) => this.wakers.push(done));
    return this.frames.shift();
  }

  /** Sends again and again until nobody takes it; false when that does not happen. */
  async sendUntilEnd(bytes: Uint8Array): Promise<boolean> {
    for (let times = 0; !this.ended && times < 10_000; times++) {
      this.raw(bytes);
      await new Promise<void>((done) => setImmediate(done));
    }
    return this.ended;
  }

  /** Waits until the other side has closed. */
  async end(): Promise<void> {
    while (!this.ended) await new Promise<void>((done) => this.wakers.push(done));
  }

  close(): void {
    this.socket.destroy();
  }

  private wake(): void {
    for (const one of this.wakers.splice(0)) one();
  }
}
