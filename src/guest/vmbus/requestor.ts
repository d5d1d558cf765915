import type { CompletionHandler, Requests } from './vmbus-channel.js';

/** Ids of requests of a channel that its driver waits for: 1 to `limit`, the lowest free one first (VPCI-95). */
export class RequestIds implements Requests {
  private readonly handlers: (CompletionHandler | undefined)[];
  private count = 0;

  constructor(limit: number) {
    this.handlers = new Array<CompletionHandler | undefined>(limit).fill(undefined);
  }

  get outstanding(): number {
    return this.count;
  }

  add(handler: CompletionHandler): bigint | undefined {
    const slot = this.handlers.indexOf(undefined);
    if (slot < 0) return undefined;
    this.handlers[slot] = handler;
    this.count++;
    return BigInt(slot) + 1n;
  }

  take(id: bigint): CompletionHandler | undefined {
    // Compared before it becomes an index: the host chose it (VPCI-92).
    if (id < 1n || id > BigInt(this.handlers.length)) return undefined;
    const slot = Number(id) - 1;
    const handler = this.handlers[slot];
    if (handler === undefined) return undefined;
    this.handlers[slot] = undefined;
    this.count--;
    return handler;
  }

  remove(id: bigint, handler: CompletionHandler): boolean {
    if (id < 1n || id > BigInt(this.handlers.length) || this.handlers[Number(id) - 1] !== handler) return false;
    this.take(id);
    return true;
  }
}
