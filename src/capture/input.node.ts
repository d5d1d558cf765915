import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { AbiError, DecodeError } from '../bytes/errors.js';
import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import type { HexDialect } from '../files/hex-image.js';
import { recogniseHexText } from '../files/hex-text.js';
import { HexTextStream } from '../files/hex-text-stream.js';
import type { Arch } from '../layout/types.js';
import { Decoder, type Event } from './decoder.js';
import { ForeignFormatError, foreignFormat, withoutMark } from './foreign-format.js';
import { Holes } from './holes.js';
import { LinkWindow } from './link-window.js';
import { pageRecord } from './page-record.js';
import { type PlainOptions, PlainReader } from './plain.js';
import type { DecodedRecord } from './record.js';
import { archOfHeader, isHeader, parseLine } from './trace-event.js';

export type InputFormat = 'trace' | 'pages' | 'raw' | HexDialect;

export interface InputOptions extends PlainOptions {
  /** Forces the format; else it is recognised by content. */
  readonly format?: string;
  /** First byte and number of bytes of raw input. */
  readonly offset?: number;
  readonly length?: number;
  /** Ties requests to the answers that follow them, which holds back a bounded number of records. */
  readonly links?: boolean;
  /** Called with the format that is read, forced or recognised, before the first record. */
  readonly onFormat?: (format: string) => void;
  /** Called with the bytes read so far. */
  readonly onProgress?: (bytes: number) => void;
}

const PIECE = 1 << 16;
/** Of UTF-8: no part of the text behind it. */
const MARK = '\ufeff';
const LONGEST_LINE = 1 << 26;

/** The bytes of a file or descriptor in pieces, each good until the next is asked for; a pipe that has nothing yet is waited for. */
export function* piecesOf(
  file: string | number,
  options: Pick<InputOptions, 'offset' | 'length' | 'onProgress'> = {},
): Generator<Uint8Array> {
  const fd = typeof file === 'number' ? file : openFile(file);
  const seekable = typeof file === 'string';
  let skip = options.offset ?? 0;
  let left = options.length ?? Number.POSITIVE_INFINITY;
  let position = seekable ? skip : 0;
  if (seekable) skip = 0;
  let total = 0;
  const buffer = Buffer.allocUnsafeSlow(PIECE);
  try {
    while (left > 0) {
      const got = readSome(fd, buffer, seekable ? position : null);
      if (got === 0) return;
      position += got;
      total += got;
      options.onProgress?.(total);
      const from = Math.min(skip, got);
      skip -= from;
      const piece = buffer.subarray(from, Math.min(got, from + left));
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  } finally {
    if (typeof file === 'string') closeSync(fd);
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    throw new AbiError('E_FORMAT', `cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`, {
      struct: file,
    });
  }
}

function readSome(fd: number, buffer: Buffer, position: number | null): number {
  for (;;) {
    try {
      return readSync(fd, buffer, 0, buffer.length, position);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      if (code === 'EISDIR') throw new AbiError('E_FORMAT', 'is a directory, not a file');
      if (code !== 'EAGAIN') throw error;
      // A non-blocking pipe without data: sleep a little instead of spinning.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** What the first bytes of an input look like. */
export function recogniseFormat(marked: Uint8Array): InputFormat {
  const head = withoutMark(marked);
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  const first = text.trimStart();
  if (first[0] === '{') {
    const line = first.split('\n', 1)[0]!;
    if (/"after_event"\s*:/.test(line) && /"file_offset"\s*:/.test(line)) return 'pages';
    if (/^\{\s*"/.test(line)) return 'trace';
  }
  if (isText(head)) {
    const dialect = recogniseHexText(text);
    if (dialect !== undefined) return dialect;
  }
  return 'raw';
}

function isText(head: Uint8Array): boolean {
  for (const byte of head) if (byte >= 0x7f || (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13)) return false;
  return head.length > 0;
}

/** Decodes a file or descriptor. Throws AbiError E_FORMAT, E_UNKNOWN_NAME; DecodeError E_RECORD with the line. */
export function* readRecords(file: string | number, options: InputOptions = {}): Generator<DecodedRecord> {
  const window = options.links === false ? undefined : new LinkWindow();
  try {
    for (const batch of batchesOf(file, options)) {
      for (const record of batch) {
        const out = window === undefined ? record : window.push(record);
        if (out) yield out;
      }
    }
  } catch (error) {
    // What came before a malformed record is still worth reading.
    if (window !== undefined) yield* window.flush();
    throw error;
  }
  if (window !== undefined) yield* window.flush();
}

/** The records that each piece of the input completes: one step of a generator for many records, of which a trace has millions. */
function* batchesOf(file: string | number, options: InputOptions): Generator<readonly DecodedRecord[]> {
  const pieces = piecesOf(file, options);
  const head = headOf(pieces);
  if (head.length === 0) return;
  const foreign = options.format === undefined ? foreignFormat(head) : undefined;
  if (foreign !== undefined) throw new ForeignFormatError(foreign);
  const format = options.format ?? recogniseFormat(head.subarray(0, 1 << 16));
  options.onFormat?.(format === 'jsonl' ? 'trace' : format);
  const all = prepend(head, pieces);
  if (format === 'trace' || format === 'jsonl') yield* traceBatches(all, options);
  else if (format === 'pages') yield* singly(pagesRecords(all, file, options));
  else if (format === 'raw') yield* singly(plainRecords(all, options));
  else yield* singly(hexRecords(prepend(withoutMark(head), pieces), options, format as HexDialect | 'hex'));
}

function* singly(records: Iterable<DecodedRecord>): Generator<readonly DecodedRecord[]> {
  for (const record of records) yield [record];
}

/** As many pieces as it takes to tell formats apart: a pipe may bring the first bytes one by one. */
function headOf(pieces: Iterator<Uint8Array>): Uint8Array {
  let head: Uint8Array = new Uint8Array(0);
  while (!isEnough(head)) {
    const next = pieces.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

/** A line of JSON tells what it is; anything else is looked at longer. */
function isEnough(head: Uint8Array): boolean {
  if (head.length >= HV_HYP_PAGE_SIZE) return true;
  return withoutMark(head)[0] === 0x7b && head.includes(0x0a);
}

function* prepend(first: Uint8Array, others: Generator<Uint8Array>): Generator<Uint8Array> {
  yield first;
  yield* others;
}

/** A line of text with its 1-based number and its byte offset. */
export interface Line {
  readonly text: string;
  readonly line: number;
  readonly offset: number;
}

export function* linesOf(pieces: Iterable<Uint8Array>): Generator<Line> {
  for (const batch of lineBatches(pieces)) yield* batch;
}

/** The lines that each piece completes. */
function* lineBatches(pieces: Iterable<Uint8Array>): Generator<readonly Line[]> {
  const decoder = new StringDecoder('utf8');
  let held = '';
  let line = 0;
  let offset = 0;
  // Characters are bytes as long as all of them are ASCII.
  let wide = false;
  for (const piece of pieces) {
    const more = decoder.write(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    wide ||= more.length !== piece.length;
    const text = held + more;
    const batch: Line[] = [];
    let at = 0;
    if (line === 0 && offset === 0 && text.startsWith(MARK)) {
      at = 1;
      offset = Buffer.byteLength(MARK);
    }
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', at)) {
      line++;
      batch.push({ text: text.slice(at, to), line, offset });
      offset += wide ? Buffer.byteLength(text.slice(at, to + 1)) : to + 1 - at;
      at = to + 1;
    }
    held = text.slice(at);
    yield batch;
    if (held.length > LONGEST_LINE)
      throw new DecodeError('E_RECORD', `line ${line + 1} is longer than ${LONGEST_LINE} characters`, { offset });
  }
  held += decoder.end();
  if (held !== '') yield [{ text: held, line: line + 1, offset }];
}

/**
 * The events of a trace, undecoded, without the headers of capture files. Throws AbiError E_FORMAT, DecodeError E_RECORD with
 * the line.
 */
export function* readEvents(file: string | number): Generator<Event> {
  const pieces = piecesOf(file);
  const head = headOf(pieces);
  const foreign = foreignFormat(head);
  if (foreign !== undefined) throw new ForeignFormatError(foreign);
  for (const { text, line, offset } of linesOf(prepend(head, pieces))) {
    if (text.trim() === '') continue;
    const event = parseLine(text, line, offset);
    if (!isHeader(event)) yield event;
  }
}

function* traceBatches(pieces: Iterable<Uint8Array>, options: InputOptions): Generator<readonly DecodedRecord[]> {
  const reader = new TraceReader(options);
  for (const lines of lineBatches(pieces)) {
    const batch: DecodedRecord[] = [];
    try {
      for (const line of lines) {
        const record = reader.record(line);
        if (record !== undefined) batch.push(record);
      }
    } catch (error) {
      yield batch;
      throw error;
    }
    yield batch;
  }
}

/** Reads the lines of captures one behind the other. */
class TraceReader {
  private readonly options: InputOptions;
  private decoder: Decoder;

  constructor(options: InputOptions) {
    this.options = options;
    this.decoder = new Decoder(options);
  }

  get architecture(): Arch {
    return this.decoder.architecture;
  }

  /** The record of a line; undefined for an empty one, and for the header of a capture, which nothing before it says anything of. */
  record({ text, line, offset }: Line): DecodedRecord | undefined {
    if (text === '' || text.trim() === '') return undefined;
    const event = parseLine(text, line, offset);
    if (isHeader(event)) {
      const arch = this.options.arch ?? archOfHeader(event);
      this.decoder = new Decoder({ ...this.options, ...(arch === undefined ? {} : { arch }) });
      return undefined;
    }
    try {
      return this.decoder.push(event);
    } catch (error) {
      if (!(error instanceof AbiError)) throw error;
      throw new DecodeError('E_RECORD', `line ${line}: ${error.message}`, { offset });
    }
  }
}

function* pagesRecords(
  pieces: Iterable<Uint8Array>,
  file: string | number,
  options: InputOptions,
): Generator<DecodedRecord> {
  if (typeof file === 'number')
    throw new AbiError('E_FORMAT', 'a page list is read with the pages.bin beside it: give the file, not a pipe');
  const bin = join(dirname(file), 'pages.bin');
  let pages: Uint8Array;
  try {
    pages = readFileSync(bin);
  } catch {
    throw new AbiError('E_FORMAT', 'cannot be read; a page list needs it', { struct: bin });
  }
  const calls = controlWords(join(dirname(file), 'events.jsonl'));
  let n = 0;
  for (const { text, line, offset } of linesOf(pieces)) {
    if (text.trim() === '') continue;
    const row = parseLine(text, line, offset);
    const at = Number(row.file_offset);
    if (!Number.isInteger(at) || at < 0 || at + HV_HYP_PAGE_SIZE > pages.length)
      throw new DecodeError(
        'E_RECORD',
        `line ${line}: file_offset ${String(row.file_offset)} is outside ${bin} (${pages.length} bytes)`,
        { offset },
      );
    const label = String(row.label ?? '');
    const event = /before event (\d+)/.exec(label)?.[1];
    const arch: Arch = options.arch ?? calls.arch;
    const control = event === undefined ? undefined : calls.control.get(Number(event));
    const setting = { arch, ...(options.abi ? { abi: options.abi } : {}) };
    yield pageRecord({ ...row, label }, n++, pages.subarray(at, at + HV_HYP_PAGE_SIZE), setting, control);
  }
}

/** Control words of the calls in the trace beside a page list, by event number; empty where there is no such trace. */
function controlWords(trace: string): { control: Map<number, bigint>; arch: Arch } {
  const control = new Map<number, bigint>();
  const reader = new TraceReader({});
  if (existsSync(trace))
    for (const line of linesOf(piecesOf(trace))) {
      const record = reader.record(line);
      if (record?.call) control.set(record.n, record.call.control);
    }
  return { control, arch: reader.architecture };
}

function* plainRecords(pieces: Iterable<Uint8Array>, options: InputOptions): Generator<DecodedRecord> {
  const reader = new PlainReader(options);
  for (const piece of pieces) yield* reader.push(piece);
  yield* reader.end();
}

function* hexRecords(
  pieces: Iterable<Uint8Array>,
  options: InputOptions,
  dialect: HexDialect | 'hex',
): Generator<DecodedRecord> {
  const decoder = new StringDecoder('latin1');
  const stream = new HexTextStream(dialect === 'hex' ? {} : { dialect });
  let reader = new PlainReader(options);
  let holes = new Holes();
  let start = 0n;
  let end: bigint | undefined;
  let n = 0;
  const number = (record: DecodedRecord): DecodedRecord => ({ ...holes.mark(record), n: n++ });
  const batches = function* () {
    for (const piece of pieces)
      yield stream.push(decoder.write(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)));
    yield stream.end();
  };
  for (const images of batches()) {
    for (const image of images) {
      // A dump that goes on at the next address is one run of bytes; any other is a new one.
      if (end !== undefined && image.base !== end) {
        for (const record of reader.end()) yield number(record);
        reader = new PlainReader(options);
        holes = new Holes();
      }
      if (end !== image.base) start = image.base;
      holes.add(image.holes, Number(image.base - start));
      end = image.base + BigInt(image.bytes.length);
      for (const record of reader.push(image.bytes)) yield number(record);
    }
  }
  for (const record of reader.end()) yield number(record);
}
