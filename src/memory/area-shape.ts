import { align8, HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import type { GuestMemory } from '../ports/guest-memory.js';
import type { HypercallArea } from '../ports/input-pages.js';
import { MemoryError } from './memory-error.js';

/** Areas of different lengths that are kept for one CPU: as many as there are lengths of a list that fills a page. */
const MAX_AREAS = 1024;

/** Where the output area starts, counted from the input page. */
export function outputOffset(inputBytes: number, separateOutput: boolean): number {
  return separateOutput ? HV_HYP_PAGE_SIZE : align8(inputBytes);
}

/**
 * Refuses areas that do not fit (PVI-40, PVI-41): neither may cross a page, and in one page the output starts at the next
 * multiple of 8 behind the input. Throws MemoryError E_AREA.
 */
export function requireAreas(inputBytes: number, outputBytes: number, separateOutput: boolean): void {
  const fits =
    inputBytes >>> 0 === inputBytes &&
    outputBytes >>> 0 === outputBytes &&
    inputBytes <= HV_HYP_PAGE_SIZE &&
    outputBytes <= (separateOutput ? HV_HYP_PAGE_SIZE : HV_HYP_PAGE_SIZE - align8(inputBytes));
  if (!fits)
    throw new MemoryError(
      'E_AREA',
      `${inputBytes} bytes in and ${outputBytes} out do not fit ${separateOutput ? 'a page each' : 'one page'}`,
    );
}

/** The areas of one CPU's pages, made once for each pair of lengths: a claim allocates nothing. */
export class CpuAreas {
  readonly #gpa: number;
  readonly #pages: DataView;
  readonly #doubles: Float64Array;
  readonly #separateOutput: boolean;
  readonly #kept = new Map<number, HypercallArea>();
  #last: HypercallArea;

  /** Throws MemoryError E_AREA for memory that is not in this process. */
  constructor(memory: GuestMemory, gpa: number, separateOutput: boolean) {
    const pages = memory.window(gpa, separateOutput ? 2 * HV_HYP_PAGE_SIZE : HV_HYP_PAGE_SIZE);
    if (pages === undefined) throw new MemoryError('E_AREA', 'hypercall pages are in the memory of this process', gpa);
    this.#gpa = gpa;
    this.#pages = pages;
    this.#doubles = new Float64Array(pages.buffer, pages.byteOffset, pages.byteLength / 8);
    this.#separateOutput = separateOutput;
    this.#last = this.#make(0, 0);
  }

  /** The areas of these lengths, which fit. */
  of(inputBytes: number, outputBytes: number): HypercallArea {
    const last = this.#last;
    if (last.input.byteLength === inputBytes && last.output.byteLength === outputBytes) return last;
    const key = inputBytes * (HV_HYP_PAGE_SIZE + 1) + outputBytes;
    let area = this.#kept.get(key);
    if (area === undefined) {
      area = this.#make(inputBytes, outputBytes);
      if (this.#kept.size >= MAX_AREAS) this.#kept.clear();
      this.#kept.set(key, area);
    }
    this.#last = area;
    return area;
  }

  #make(inputBytes: number, outputBytes: number): HypercallArea {
    const { buffer, byteOffset } = this.#pages;
    const output = outputBytes > 0 ? outputOffset(inputBytes, this.#separateOutput) : 0;
    return {
      input: new DataView(buffer, byteOffset, inputBytes),
      inputGpa: inputBytes > 0 ? this.#gpa : 0,
      output: new DataView(buffer, byteOffset + output, outputBytes),
      outputGpa: outputBytes > 0 ? this.#gpa + output : 0,
    };
  }

  /** Zeroes the input page from its start, by whole qwords. */
  zero(bytes: number): void {
    const qwords = (bytes + 7) >>> 3;
    // V8 fills shared memory through a call; a loop is faster for a header.
    if (qwords > 16) this.#doubles.fill(0, 0, qwords);
    else for (let i = 0; i < qwords; i++) this.#doubles[i] = 0;
  }
}
