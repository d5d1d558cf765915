import { closeSync, openSync, writeSync } from 'node:fs';

/** Characters kept back before a write. */
const CHUNK = 1 << 16;

/** Lines of a file, written in large pieces. A process that ends without `close` loses the last of them. */
export class RecordFile {
  private readonly fd: number;
  private waiting = '';
  private open = true;

  /** Makes the file, or empties it. Throws what the system says. */
  constructor(path: string) {
    this.fd = openSync(path, 'w');
  }

  line(text: string): void {
    if (!this.open) return;
    this.waiting += `${text}\n`;
    if (this.waiting.length >= CHUNK) this.flush();
  }

  /** Throws what the system says, ENOSPC among it; what was not written is dropped then. */
  flush(): void {
    const bytes = new TextEncoder().encode(this.waiting);
    this.waiting = '';
    for (let from = 0; from < bytes.length; ) from += writeSync(this.fd, bytes, from, bytes.length - from);
  }

  /** Writes the rest. A second call does nothing. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    try {
      this.flush();
    } finally {
      closeSync(this.fd);
    }
  }
}
