const CHUNK = 1 << 16;

/** Bytes of a namespace; what was never written is zero and takes no memory. */
export class RamDisk {
  readonly size: number;
  readonly #chunks = new Map<number, Uint8Array>();

  constructor(size: number) {
    this.size = size;
  }

  /** Both ends must lie on the disk. */
  read(at: number, into: Uint8Array): void {
    this.#walk(at, into.length, (chunk, offset, done, length) => {
      const from = this.#chunks.get(chunk);
      if (from === undefined) into.fill(0, done, done + length);
      else into.set(from.subarray(offset, offset + length), done);
    });
  }

  write(at: number, from: Uint8Array): void {
    this.#walk(at, from.length, (chunk, offset, done, length) => {
      let into = this.#chunks.get(chunk);
      if (into === undefined) {
        into = new Uint8Array(CHUNK);
        this.#chunks.set(chunk, into);
      }
      into.set(from.subarray(done, done + length), offset);
    });
  }

  clear(at: number, length: number): void {
    this.#walk(at, length, (chunk, offset, _done, piece) => {
      if (piece === CHUNK) this.#chunks.delete(chunk);
      else this.#chunks.get(chunk)?.fill(0, offset, offset + piece);
    });
  }

  #walk(
    at: number,
    length: number,
    piece: (chunk: number, offset: number, done: number, length: number) => void,
  ): void {
    for (let done = 0; done < length; ) {
      const offset = (at + done) % CHUNK;
      const take = Math.min(CHUNK - offset, length - done);
      piece(Math.floor((at + done) / CHUNK), offset, done, take);
      done += take;
    }
  }
}
