import { writeSync } from 'node:fs';

const FIRST_MS = 1000;
const EVERY_MS = 200;

/** A line on standard error that says how far a long job is; only on a terminal, and only when it takes its time. */
export class Progress {
  readonly #total: number | undefined;
  readonly #enabled: boolean;
  readonly #start = Date.now();
  #last = 0;
  #shown = false;

  /** `total` in bytes; undefined for a pipe. */
  constructor(total: number | undefined, enabled = process.stderr.isTTY === true) {
    this.#total = total;
    this.#enabled = enabled;
  }

  update(bytes: number): void {
    if (!this.#enabled) return;
    const now = Date.now();
    if (now - this.#start < FIRST_MS || now - this.#last < EVERY_MS) return;
    this.#last = now;
    this.#shown = true;
    const rate = bytes / ((now - this.#start) / 1000);
    const of = this.#total ? ` of ${mebibytes(this.#total)}, ${Math.floor((bytes / this.#total) * 100)}%` : '';
    writeSync(2, `\r\x1b[K${mebibytes(bytes)}${of}, ${mebibytes(rate)}/s`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shown) writeSync(2, '\r\x1b[K');
    this.#shown = false;
  }
}

const mebibytes = (bytes: number): string => `${(bytes / 1048576).toFixed(1)} MiB`;
