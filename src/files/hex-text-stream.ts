import { DumpLine, type LineKind, type LineReader } from './dump-line.js';
import { quoteToken } from './hex-digits.js';
import type { HexDialect, HexImage } from './hex-image.js';
import { defaultReader, recogniseSample } from './hex-recognise.js';
import { HexTextError } from './hex-text-error.js';
import { ImageAssembler } from './image-assembler.js';
import { damageIn } from './row-shape.js';
import { BYTE_ORDER_MARK, type Found, SAMPLE_CHARS, SAMPLE_LINES, takeSample, withoutReturn } from './sample.js';

const MIB = 1 << 20;
/** A line longer than this is read in parts, or refused where it cannot be. */
const LONG_LINE = 1 << 18;

export interface HexTextOptions {
  /** Read this dialect and no other; its layout is still told from the text. */
  readonly dialect?: HexDialect;
  /** Largest piece of an image, 1 MiB unless given. */
  readonly pieceBytes?: number;
  /** Longest run that one `*` may stand for, 64 GiB unless given. */
  readonly maxRepeatBytes?: number;
}

/**
 * Hex text in any chunks (cut anywhere), out as images as soon as they are known. Holds one piece and a few lines.
 * Dialect and layout are told from the first lines of each dump. Throws HexTextError; after that the stream is done for.
 */
export class HexTextStream {
  readonly #forced: HexDialect | undefined;
  readonly #images: ImageAssembler;
  readonly #line = new DumpLine();
  #reader: LineReader | undefined;
  /** The reader before the present search: its malformed lines are errors, not text. */
  #previous: LineReader | undefined;
  /** No line was read yet since the reader was chosen: it must take one before another can be. */
  #fresh = false;
  /** The last row read, and where it is in the text being read (-1 when in an earlier one). */
  #lastRow = '';
  #lastRowAt = -1;
  #atStart = true;
  #rest = '';
  #restLines = 0;
  #number = 1;
  #columnBase = 0;
  /** The rest goes on in a line of text that was passed over. */
  #skipping = false;
  #any = false;
  /** The first line passed over, for the error when there is nothing else. */
  #firstText = '';
  #firstLine = 1;

  constructor(options: HexTextOptions = {}) {
    this.#forced = options.dialect;
    this.#images = new ImageAssembler(options.pieceBytes ?? MIB, options.maxRepeatBytes ?? 64 * 1024 * MIB);
  }

  /** Reads more text; returns what it completed. */
  push(chunk: string): HexImage[] {
    const from = this.#rest.length;
    this.#rest += this.#atStart && chunk.charCodeAt(0) === BYTE_ORDER_MARK ? chunk.slice(1) : chunk;
    if (chunk.length > 0) this.#atStart = false;
    this.#run(false, from);
    return this.#take();
  }

  /** Reads what is left; returns the last images. Throws HexTextError when the text holds no dump at all. */
  end(): HexImage[] {
    this.#run(true, 0);
    this.#images.finish(this.#reader);
    const images = this.#take();
    if (!this.#any) {
      const what = this.#forced === undefined ? 'no hex dump recognised' : `no ${this.#forced} dump found`;
      const found = this.#firstText === '' ? 'empty text' : JSON.stringify(this.#firstText);
      throw new HexTextError(`${what}, found ${found}`, { line: this.#firstLine, column: 1, dialect: this.#forced });
    }
    return images;
  }

  #take(): HexImage[] {
    const images = this.#images.take();
    if (images.length > 0) this.#any = true;
    return images;
  }

  #error(line: number, what: string): HexTextError {
    return new HexTextError(what, { line, column: 1, dialect: this.#reader?.dialect ?? this.#forced });
  }

  /** Works on the rest until more text is needed. `from` is where new text starts. */
  #run(last: boolean, from: number): void {
    let seen = from;
    for (;;) {
      if (this.#skipping) {
        const stop = this.#rest.indexOf('\n');
        this.#rest = stop < 0 ? '' : this.#rest.slice(stop + 1);
        if (stop < 0) return;
        this.#number++;
        this.#skipping = false;
        seen = 0;
      }
      if (this.#reader === undefined) {
        for (let at = this.#rest.indexOf('\n', seen); at >= 0 && this.#restLines <= SAMPLE_LINES; ) {
          this.#restLines++;
          at = this.#rest.indexOf('\n', at + 1);
        }
        if (this.#rest.length === 0) return;
        const full = this.#restLines > SAMPLE_LINES || this.#rest.length >= SAMPLE_CHARS;
        if (!full && !last) return;
        this.#search(last);
      } else if (!this.#readLines(last)) {
        return;
      }
      // Either the dialect changed or the window moved: count its lines anew.
      seen = 0;
      this.#restLines = 0;
    }
  }

  /** Looks for a dump in the rest; without one, passes over the lines looked at. */
  #search(last: boolean): void {
    const { sample } = takeSample(this.#rest, 0, last);
    const top = this.#firstText === '' && this.#previous === undefined;
    const found = recogniseSample(sample, top, this.#forced);
    if (found === undefined) {
      this.#dropLines(sample.cut ? sample.lines.length - 1 : sample.lines.length, last);
    } else if (found.first > 0) {
      this.#checkFirstRow(found, sample.lines);
      // See the whole beginning of the dump before its layout is decided.
      this.#dropLines(found.first, last);
    } else {
      this.#use(found);
    }
  }

  /** The line before the first good row may be the dump's real first row, malformed: that is an error, not text. */
  #checkFirstRow(found: Found, lines: readonly string[]): void {
    const { reader, first } = found;
    const row = lines[first]!;
    const line = this.#line;
    this.#refuseDamaged(lines[first - 1]!, row, this.#number + first - 1, reader);
    if (!reader.fixedLayout) return;
    line.begin(this.#number + first, 0, row.length, 0, reader.dialect);
    if (reader.read(row, 0, row.length, line) !== 'bytes' || !line.addressed) return;
    const { hi, lo, length } = line;
    const before = lines[first - 1]!;
    line.begin(this.#number + first - 1, 0, before.length, 0, reader.dialect);
    try {
      reader.read(before, 0, before.length, line);
    } catch (error) {
      const step = (hi - line.hi) * 0x1_0000_0000 + (lo - line.lo);
      if (line.addressed && step > 0 && step <= Math.max(2 * length, before.length)) throw error;
    }
  }

  #use(found: Found): void {
    this.#reader = found.reader;
    this.#previous = undefined;
    this.#fresh = true;
  }

  /** Passes over lines that belong to no dump; the reader before may claim one as its own, or find it malformed. */
  #dropLines(count: number, last: boolean): void {
    const claims = this.#previous ?? (this.#forced === undefined ? undefined : defaultReader(this.#forced));
    let at = 0;
    for (let i = 0; i < count && at < this.#rest.length; i++) {
      const stop = this.#rest.indexOf('\n', at);
      const end = stop < 0 ? this.#rest.length : stop;
      if (stop < 0 && !last) break;
      if (claims !== undefined) {
        this.#line.begin(this.#number, at, end, this.#columnBase, claims.dialect);
        if (claims.read(this.#rest, at, withoutReturn(this.#rest, at, end), this.#line) === 'bytes') {
          this.#reader = claims;
          this.#previous = undefined;
          break;
        }
      }
      if (this.#firstText === '') {
        this.#firstText = this.#rest.slice(at, Math.min(end, at + 40)).trim();
        this.#firstLine = this.#number;
      }
      at = end + (stop < 0 ? 0 : 1);
      this.#number++;
    }
    this.#rest = this.#rest.slice(at);
    // A line of text too long for the window is passed over in parts.
    if (count === 0) {
      this.#rest = '';
      this.#skipping = true;
    }
  }

  /** Reads the whole lines of the rest. False when they are all read, true when the dialect has to be told again. */
  #readLines(last: boolean): boolean {
    const text = this.#rest;
    this.#lastRowAt = -1;
    const same = this.#readLinesOf(text, last);
    this.#lastRow = this.#rowText(text);
    return !same;
  }

  /** False when the dialect has to be told again from the rest on. */
  #readLinesOf(text: string, last: boolean): boolean {
    let at = 0;
    while (at < text.length) {
      let end = text.indexOf('\n', at);
      let next = end + 1;
      if (end < 0) {
        const long = text.length - at > LONG_LINE;
        if (!last && !long) break;
        end = text.length;
        next = end;
        if (!last) {
          if (this.#reader!.cut === undefined)
            throw this.#error(this.#number, `expected a line of at most ${LONG_LINE} characters`);
          end = next = this.#reader!.cut(text, at, end);
        }
      }
      if (!this.#readLine(text, at, withoutReturn(text, at, end), end === next && !last)) {
        this.#rest = text.slice(at);
        return false;
      }
      if (end === next && !last) {
        this.#columnBase += end - at;
      } else {
        this.#columnBase = 0;
        this.#number++;
      }
      at = next;
    }
    this.#rest = text.slice(at);
    return true;
  }

  /** Throws when a line that is no row is one but for a character or two: it must not be passed over. */
  #refuseDamaged(text: string, row: string, number: number, reader: LineReader): void {
    const at = damageIn(text, row);
    if (at < 0) return;
    const what = `expected a row of the dump, found ${quoteToken(text, at, text.length)}`;
    throw new HexTextError(what, { line: number, column: at + 1, dialect: reader.dialect });
  }

  /** Reads one line. False when it may belong to another dialect, which then has to be told from here on. */
  #readLine(text: string, start: number, end: number, part: boolean): boolean {
    const reader = this.#reader!;
    const line = this.#line;
    line.begin(this.#number, start, end, this.#columnBase, reader.dialect);
    const fresh = this.#fresh;
    this.#fresh = false;
    let kind: LineKind;
    try {
      kind = reader.read(text, start, end, line);
    } catch (error) {
      if (part || fresh || reader.fixedLayout || !this.#isOther(text, start, end)) throw error;
      this.#leave();
      return false;
    }
    switch (kind) {
      case 'bytes':
        this.#images.add(line, reader, this.#number, start);
        this.#lastRowAt = start;
        break;
      case 'repeat':
        if (!this.#images.open) throw line.error(start, 'expected a line of bytes before "*"');
        this.#images.markRepeat(this.#number);
        break;
      case 'end':
        // Digits by themselves end a dump; where none is open they are something else.
        if (!this.#images.open) return this.#passText(text, start, end, fresh);
        this.#images.endAt(line, reader, start);
        break;
      case 'text':
        return this.#passText(text, start, end, fresh);
      case 'blank':
        break;
    }
    return true;
  }

  /** Passes over a line of text. False when the dialect has to be told again from here on. */
  #passText(text: string, start: number, end: number, fresh: boolean): boolean {
    this.#images.passText();
    if (fresh) return true;
    const other = this.#isOther(text, start, end);
    if (!other) this.#refuseDamaged(text.slice(start, end), this.#rowText(text), this.#number, this.#reader!);
    if (!this.#reader!.fixedLayout && !other) return true;
    this.#leave();
    return false;
  }

  /** True when a line that the reader does not take surely starts a dump of another dialect. */
  #isOther(text: string, start: number, end: number): boolean {
    if (this.#forced !== undefined) return false;
    const found = recogniseSample({ lines: [text.slice(start, Math.min(end, start + 4096))], cut: false }, false);
    return found !== undefined && found.reader.dialect !== this.#reader!.dialect;
  }

  #rowText(text: string): string {
    if (this.#lastRowAt < 0) return this.#lastRow;
    const stop = text.indexOf('\n', this.#lastRowAt);
    return text.slice(this.#lastRowAt, withoutReturn(text, this.#lastRowAt, stop < 0 ? text.length : stop));
  }

  #leave(): void {
    this.#images.finish(this.#reader);
    this.#previous = this.#reader;
    this.#reader = undefined;
  }
}
