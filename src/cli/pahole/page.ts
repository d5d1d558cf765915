/** Counts that the summary states. */
export interface Found {
  readonly members: number;
  readonly holes: number;
  readonly holeBytes: number;
  readonly bitHoles: number;
  readonly bitHoleBits: number;
  /** Bytes behind the last member. */
  readonly padding: number;
}

const CACHELINE = 64;
/** Columns of the type and of the name at the outermost level, and the width of a tab. */
const TYPE_COLUMN = 26;
const NAME_COLUMN = 21;
const TAB = 8;

/** Lines of pahole text being written. */
export class Page {
  readonly lines: string[] = [];
  readonly expand: boolean;
  #depth = 0;
  #line = 0;

  constructor(expand: boolean) {
    this.expand = expand;
  }

  open(text: string): void {
    this.put(text);
    this.#depth++;
  }

  /** Ends a block; of inner ones with offset and size in the columns of the members. */
  close(text: string, offset?: number, size?: number): void {
    this.#depth--;
    if (offset === undefined || size === undefined) this.put(text);
    else this.put(`${text.padEnd(this.typeColumn + 1 + NAME_COLUMN)} ${place(offset, size)}`);
  }

  member(type: string, name: string, offset: number, size: number): void {
    this.put(`${this.declaration(type, `${name};`)} ${place(offset, size)}`);
  }

  bitField(type: string, name: string, offset: number, bit: number, width: number): void {
    const where = `/* ${String(offset).padStart(5)}:${String(bit).padStart(2)}${String(width).padStart(3)} */`;
    this.put(`${this.declaration(type, `${name}:${width};`)} ${where}`);
  }

  remark(text: string): void {
    this.lines.push('', `${this.tabs}/* ${text} */`, '');
  }

  /** Marks the cache line that a member begins in, when it is a new one. */
  cacheline(offset: number): void {
    const line = Math.floor(offset / CACHELINE);
    if (line === this.#line) return;
    this.#line = line;
    const past = offset - line * CACHELINE;
    const ago = past === 0 ? '' : ` was ${past} bytes ago`;
    this.put(`/* --- cacheline ${line} boundary (${line * CACHELINE} bytes)${ago} --- */`);
  }

  summary(size: number, found: Found): void {
    const lines = Math.ceil(size / CACHELINE);
    this.lines.push('');
    this.put(`/* size: ${size}, cachelines: ${lines}, members: ${found.members} */`);
    if (found.holes > 0)
      this.put(
        `/* sum members: ${size - found.holeBytes - found.padding}, holes: ${found.holes}, sum holes: ${found.holeBytes} */`,
      );
    if (found.bitHoles > 0) this.put(`/* bit holes: ${found.bitHoles}, sum bit holes: ${found.bitHoleBits} bits */`);
    if (found.padding > 0) this.put(`/* padding: ${found.padding} */`);
    if (size % CACHELINE !== 0) this.put(`/* last cacheline: ${size % CACHELINE} bytes */`);
  }

  private put(text: string): void {
    this.lines.push(`${this.tabs}${text}`);
  }

  /** Type and name in their columns; a long type takes from the name's, so that the comments stay in line. */
  private declaration(type: string, name: string): string {
    return `${type.padEnd(this.typeColumn)} ${name}`.padEnd(this.typeColumn + 1 + NAME_COLUMN);
  }

  private get tabs(): string {
    return '\t'.repeat(this.#depth);
  }

  /** Inner levels are further right by a tab each, so that the comments stay in one column. */
  private get typeColumn(): number {
    return Math.max(8, TYPE_COLUMN - TAB * Math.max(0, this.#depth - 1));
  }
}

function place(offset: number, size: number): string {
  return `/* ${String(offset).padStart(5)} ${String(size).padStart(5)} */`;
}
