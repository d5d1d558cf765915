import type { DumpLine, LineReader } from './dump-line.js';
import type { HexImage } from './hex-image.js';
import { HexImageBuilder } from './hex-image-builder.js';
import { HexTextError } from './hex-text-error.js';

const MIB = 1 << 20;
/** A longer gap between two addresses starts a new image. */
const MAX_GAP = MIB;
/** Gaps may outweigh the bytes read by this factor, beyond a first allowance: bounds memory for hostile addresses. */
const GAP_FACTOR = 256;
const GAP_ALLOWANCE = 16 * MIB;

/** Puts rows together into images by their addresses: what continues, what leaves a hole, what starts anew. */
export class ImageAssembler {
  readonly #builder: HexImageBuilder;
  readonly #maxRepeat: number;
  /** Line of a `*` whose length is not yet known, 0 without one. */
  #repeatLine = 0;
  #textBetween = false;
  #gapBudget = GAP_ALLOWANCE;

  /** `pieceBytes` bounds a piece of an image, `maxRepeatBytes` what one `*` may stand for. */
  constructor(pieceBytes: number, maxRepeatBytes: number) {
    this.#builder = new HexImageBuilder(pieceBytes);
    this.#maxRepeat = maxRepeatBytes;
  }

  /** True while an image is being read. */
  get open(): boolean {
    return this.#builder.open;
  }

  /** Finished images and pieces since the last call. */
  take(): HexImage[] {
    return this.#builder.take();
  }

  /** Notes a line that belongs to no dump. */
  passText(): void {
    this.#textBetween = true;
  }

  /** Notes a `*` in line `number`. */
  markRepeat(number: number): void {
    this.#repeatLine = number;
  }

  /** Ends the image being read. Throws HexTextError when a `*` is still without an end. */
  finish(reader: LineReader | undefined): void {
    if (this.#repeatLine > 0) {
      const what = 'expected an address after "*": how often the line repeats is not known';
      throw new HexTextError(what, { line: this.#repeatLine, column: 1, dialect: reader?.dialect });
    }
    this.#builder.finish();
    this.#textBetween = false;
  }

  /** Adds a row of bytes, line `number`, which begins at `start` of the text being read. */
  add(line: DumpLine, reader: LineReader, number: number, start: number): void {
    const text = this.#textBetween;
    this.#textBetween = false;
    if (!this.#builder.open || line.opens || (text && reader.acrossText === 'ends')) {
      this.#startImage(line, reader);
    } else if (line.addressed) {
      const gap = this.#builder.distanceTo(line.hi, line.lo);
      if (this.#repeatLine > 0) this.#repeat(gap, line, start);
      else if (gap !== 0) this.#jump(gap, line, reader, start, text);
    } else if (this.#repeatLine > 0) {
      this.finish(reader);
    }
    if (line.length > 0) this.#builder.append(line.bytes, line.length, number, line.holes);
    this.#gapBudget += line.length * GAP_FACTOR;
    if (line.closes) this.#builder.finish();
  }

  /** Ends the image at the address of `line`, which has no bytes: the length of the dump. */
  endAt(line: DumpLine, reader: LineReader, start: number): void {
    const gap = this.#builder.distanceTo(line.hi, line.lo);
    if (this.#repeatLine > 0) this.#repeat(gap, line, start);
    else if (gap < 0 && -gap < reader.wordBytes && this.#builder.endsInZeros(-gap)) this.#builder.trim(-gap);
    else if (gap > 0 && gap <= MAX_GAP && gap <= this.#gapBudget) this.#builder.skip(gap);
    else if (gap !== 0) throw line.error(start, `expected the address after the last byte, found one ${gap} bytes off`);
    this.#builder.finish();
  }

  #startImage(line: DumpLine, reader: LineReader): void {
    this.finish(reader);
    const { dialect, doubts } = reader;
    this.#builder.start(dialect, doubts, line.addressed ? line.hi : 0, line.addressed ? line.lo : 0);
  }

  #repeat(gap: number, line: DumpLine, start: number): void {
    if (gap < 0) {
      throw line.error(start, `expected an address after "*", found one ${-gap} bytes before the end of the dump`);
    }
    if (gap > this.#maxRepeat) {
      throw line.error(start, `expected "*" to stand for at most ${this.#maxRepeat} bytes, found ${gap}`);
    }
    if (gap > 0) this.#builder.repeat(gap, this.#repeatLine);
    this.#repeatLine = 0;
  }

  #jump(gap: number, line: DumpLine, reader: LineReader, start: number, text: boolean): void {
    const last = this.#builder.lastLength;
    // Tools that dump a file never overlap: the rows are not what they were taken for.
    if (gap < 0 && -gap < last && reader.fixedLayout && !text) {
      throw line.error(start, `expected an address ${last} bytes after the one before, found ${last + gap}`);
    }
    if (gap > 0 && gap <= MAX_GAP && gap <= this.#gapBudget && (!text || reader.acrossText === 'goes-on')) {
      this.#gapBudget -= gap;
      this.#builder.skip(gap);
    } else {
      this.#startImage(line, reader);
    }
  }
}
