// binary-parser 2.3.0 publishes an exports map without a `types` condition, so NodeNext finds no declarations for it.
// Only what the benches and the oracle specs use is declared here.
declare module 'binary-parser' {
  export type ParsedRecord = Record<string, unknown>;
  export type Endianness = 'little' | 'big';

  export interface FieldOptions {
    formatter?: (item: never) => unknown;
    assert?: number | string | ((item: never) => boolean);
  }

  export interface ArrayOptions {
    type: string | Parser;
    length?: number | string | ((this: ParsedRecord, item: ParsedRecord) => number);
    lengthInBytes?: number | string | ((this: ParsedRecord, item: ParsedRecord) => number);
    readUntil?: 'eof' | ((item: never, buffer: Uint8Array) => boolean);
    formatter?: (items: never) => unknown;
  }

  export interface BufferOptions {
    length?: number | string | ((this: ParsedRecord, item: ParsedRecord) => number);
    readUntil?: 'eof';
    clone?: boolean;
    formatter?: (bytes: Uint8Array) => unknown;
  }

  export interface ChoiceOptions {
    tag: string | ((this: ParsedRecord) => number);
    choices: Record<number, string | Parser>;
    defaultChoice?: string | Parser;
  }

  export class Parser {
    static start(): Parser;
    endianness(endianness: Endianness): this;
    endianess(endianness: Endianness): this;
    uint8(name: string, options?: FieldOptions): this;
    uint16(name: string, options?: FieldOptions): this;
    uint16le(name: string, options?: FieldOptions): this;
    uint32(name: string, options?: FieldOptions): this;
    uint32le(name: string, options?: FieldOptions): this;
    int32le(name: string, options?: FieldOptions): this;
    uint64(name: string, options?: FieldOptions): this;
    uint64le(name: string, options?: FieldOptions): this;
    array(name: string, options: ArrayOptions): this;
    buffer(name: string, options: BufferOptions): this;
    choice(name: string, options: ChoiceOptions): this;
    choice(options: ChoiceOptions): this;
    nest(name: string, options: { type: string | Parser; formatter?: (item: never) => unknown }): this;
    nest(options: { type: string | Parser }): this;
    seek(offset: number): this;
    skip(bytes: number): this;
    saveOffset(name: string): this;
    namely(alias: string): this;
    create(constructorFn: new () => object): this;
    compile(): void;
    getCode(): string;
    sizeOf(): number;
    parse(buffer: Uint8Array | DataView): ParsedRecord;
  }
}
