/** Every way of writing bytes as hex text that is read here; the names are what `--format` takes. */
export const HEX_DIALECTS = [
  'xxd',
  'xxd-le',
  'hexdump',
  'hexdump-words',
  'od',
  'windbg',
  'gdb',
  'crash',
  'kernel-log',
  'bpftrace',
  'c-array',
  'plain',
] as const;

export type HexDialect = (typeof HEX_DIALECTS)[number];

/** A run of bytes within an image. */
export interface ByteSpan {
  readonly offset: number;
  readonly length: number;
}

/** Which source line (1-based) gave which bytes of an image. */
export interface LineSpan extends ByteSpan {
  readonly line: number;
}

/** One contiguous piece of memory or file read from hex text. */
export interface HexImage {
  readonly dialect: HexDialect;
  /** Address of the first byte; 0n where the dialect prints none (or prints a hashed pointer). */
  readonly base: bigint;
  /** Treat as read-only: pieces of one long `*` repeat share their bytes. */
  readonly bytes: Uint8Array;
  /** Unreadable (`??`) or missing bytes, zero in `bytes`; ascending, never touching. */
  readonly holes: readonly ByteSpan[];
  /** Ascending by offset. */
  readonly lines: readonly LineSpan[];
  /** True for a piece that goes on exactly where the piece before it ended (streaming only). */
  readonly continues: boolean;
  /** What had to be assumed, one sentence each, because the text does not say; usually empty. */
  readonly doubts: readonly string[];
}
