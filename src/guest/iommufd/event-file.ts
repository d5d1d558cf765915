import { failure, type Outcome } from '../../ports/outcome.js';
import { type Routine, subscribeTo, type Waitable, wakeAll } from '../../sched/routine.js';
import type { UserBuffer } from './user-buffer.js';

/** What poll() says of a file. */
export interface PollState {
  readonly readable: boolean;
  readonly writable: boolean;
}

/** The file behind a queue: what a process sees of it. Waiting for it ends when there is something to read, or when it is gone. */
export abstract class EventFile implements Waitable {
  private readonly wakers = new Set<() => void>();
  private gone = false;

  /** Whether the queue was destroyed. */
  get closed(): boolean {
    return this.gone;
  }

  /** read(2) at `position` (bytes): bytes delivered; 0 when there is nothing, ENODEV when the queue is gone. */
  read(buffer: UserBuffer, position = 0): Outcome<number> {
    return this.gone ? failure('ENODEV') : this.deliver(buffer, position);
  }

  /** As read, for a descriptor that blocks: waits for something to read. */
  *readWaiting(buffer: UserBuffer): Routine<Outcome<number>> {
    while (!this.gone && !this.poll().readable) yield this;
    return this.read(buffer);
  }

  subscribe(wake: () => void): () => void {
    return subscribeTo(this.wakers, this.gone || this.poll().readable, wake);
  }

  abstract poll(): PollState;

  protected abstract deliver(buffer: UserBuffer, position: number): Outcome<number>;

  protected wakeReaders(): void {
    wakeAll(this.wakers);
  }

  /** Ends the file: whoever waits is woken and gets ENODEV. */
  protected end(): void {
    this.gone = true;
    this.wakeReaders();
  }
}
