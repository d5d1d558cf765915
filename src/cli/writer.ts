import { writeSync } from 'node:fs';
import { EXIT } from './exit.js';

/** Bytes kept back before a write: few system calls, and memory that does not grow with the output. */
const CHUNK = 1 << 16;
const RETRY_MS = 2;

export interface WriterOptions {
  /** Writes after every piece: for a terminal, and for input that arrives while it is shown. */
  readonly eager?: boolean;
  /**
   * The reader has gone (| head): nobody is left to tell anything, and what is written afterwards is dropped. Called once. Ends
   * the process where it is absent, for commands that do nothing but print.
   */
  readonly gone?: (() => void) | undefined;
}

/** Standard output, written synchronously so that a slow reader slows the work down instead of filling memory. */
export class Writer {
  readonly #eager: boolean;
  readonly #gone: () => void;
  #waiting = '';
  #isRead = true;

  constructor({ eager = process.stdout.isTTY === true, gone = () => process.exit(EXIT.fine) }: WriterOptions = {}) {
    this.#eager = eager;
    this.#gone = gone;
  }

  write(text: string): void {
    this.#waiting += text;
    if (this.#eager || this.#waiting.length >= CHUNK) this.flush();
  }

  line(text = ''): void {
    this.write(`${text}\n`);
  }

  bytes(bytes: Uint8Array): void {
    this.flush();
    this.#put(bytes);
  }

  flush(): void {
    if (this.#waiting === '') return;
    const text = this.#waiting;
    this.#waiting = '';
    this.#put(new TextEncoder().encode(text));
  }

  #put(bytes: Uint8Array): void {
    if (!this.#isRead || writeAll(bytes)) return;
    this.#isRead = false;
    this.#gone();
  }
}

/** False when nobody reads. Throws what the system says otherwise. */
function writeAll(bytes: Uint8Array): boolean {
  let from = 0;
  while (from < bytes.length) {
    try {
      from += writeSync(1, bytes, from, bytes.length - from);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EPIPE') return false;
      if (code !== 'EAGAIN') throw error;
      pause();
    }
  }
  return true;
}

// A pipe that somebody else made non-blocking is full: sleep instead of spinning.
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
}
