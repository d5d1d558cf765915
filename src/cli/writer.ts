import { writeSync } from 'node:fs';
import { EXIT } from './exit.js';

/** Bytes kept back before a write: few system calls, and memory that does not grow with the output. */
const CHUNK = 1 << 16;
const RETRY_MS = 2;

/** Standard output, written synchronously so that a slow reader slows the work down instead of filling memory. */
export class Writer {
  readonly #fd: number;
  readonly #eager: boolean;
  #waiting = '';

  /** `eager` writes after every piece: for a terminal, and for input that arrives while it is shown. */
  constructor(fd = 1, eager = process.stdout.isTTY === true) {
    this.#fd = fd;
    this.#eager = eager;
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
    writeAll(this.#fd, bytes);
  }

  flush(): void {
    if (this.#waiting === '') return;
    const text = this.#waiting;
    this.#waiting = '';
    writeAll(this.#fd, new TextEncoder().encode(text));
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let from = 0;
  while (from < bytes.length) {
    try {
      from += writeSync(fd, bytes, from, bytes.length - from);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      // The reader has gone (| head): nobody is left to tell anything.
      if (code === 'EPIPE') process.exit(EXIT.fine);
      if (code !== 'EAGAIN') throw error;
      pause();
    }
  }
}

// A pipe that somebody else made non-blocking is full: sleep instead of spinning.
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
}
