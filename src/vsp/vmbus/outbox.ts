import { vmbus_connection } from '../../abi/vmbus/version.js';
import { encode } from '../../layout/codec.js';
import type { Declared, InputOf } from '../../layout/types.js';
import type { HostPort } from '../../ports/host-port.js';
import type { LogSink } from '../../ports/log-sink.js';

/** SynIC message type of everything that VMBus posts. */
export const MESSAGE_TYPE = 1;
const SINT = vmbus_connection.VMBUS_MESSAGE_SINT;

/** Channel messages on their way to the guest. */
export class Outbox {
  /** VP that the connection's messages go to. */
  vp = 0;
  private readonly port: HostPort;
  private readonly log: LogSink;
  private held: Uint8Array[] | undefined;

  constructor(port: HostPort, log: LogSink) {
    this.port = port;
    this.log = log;
  }

  get paused(): boolean {
    return this.held !== undefined;
  }

  /** Posts a message of the connection, or keeps it while the guest has paused it. Throws EncodeError. */
  send<T extends Declared>(type: T, value: InputOf<T>): void {
    const bytes = encode(type, value);
    if (this.held !== undefined) this.held.push(bytes);
    else this.post(this.vp, SINT, bytes);
  }

  /** Posts an answer to where the request wants it, paused or not. */
  sendTo<T extends Declared>(vp: number, sint: number, type: T, value: InputOf<T>): void {
    this.post(vp, sint, encode(type, value));
  }

  pause(): void {
    this.held ??= [];
  }

  /** Posts what was kept. */
  resume(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const bytes of held) this.post(this.vp, SINT, bytes);
  }

  /** Forgets what was kept. */
  clear(): void {
    this.held = undefined;
  }

  private post(vp: number, sint: number, bytes: Uint8Array): void {
    if (!this.port.postMessage(vp, sint, MESSAGE_TYPE, bytes))
      this.log({ level: 'warn', code: 'vmbus-message-lost', fields: { vp, sint, type: bytes[0] } });
  }
}
