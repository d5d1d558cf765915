/** How a row is meant: the colours follow from it. */
export type Tone = 'plain' | 'quiet' | 'title' | 'warn' | 'fold';

/** One line of a tree before it is laid out in columns. */
export interface Row {
  readonly depth: number;
  /** Bytes from the start of the byte string; absent where the row has no place of its own. */
  readonly offset?: number;
  /** Bit-fields: first bit from the start of the byte string and number of bits, shown instead of bytes. */
  readonly bits?: { readonly first: number; readonly count: number };
  /** Bytes for the hex column. */
  readonly bytes?: Uint8Array;
  /** More bytes belong to the row than the column shows. */
  readonly cut?: boolean;
  readonly name: string;
  readonly value?: string;
  /** Symbolic name or a remark. */
  readonly symbol?: string;
  /** C name of the type. */
  readonly type?: string;
  readonly tone: Tone;
}
