/** One CPU's hypercall areas while it holds them. The object is used again: what it says is of no use after the call. */
export interface HypercallArea {
  /** Input area: a page or the first part of one. */
  readonly input: DataView;
  /** 0 where no input was asked for. */
  readonly inputGpa: number;
  /** Output area; its length is 0 where none was asked for. Not zeroed: what is in it before the call means nothing. */
  readonly output: DataView;
  /** 0 where no output was asked for. */
  readonly outputGpa: number;
}

/** Per-CPU hypercall pages (COM-03, PVI-40): between taking a page and the call's return nothing else runs on that CPU. */
export interface InputPages {
  /**
   * Runs `use` with the CPU's areas of exactly `inputBytes` and `outputBytes`. The first `zeroedBytes` of the input are zero;
   * whoever asks for fewer than all (a header) promises to write the rest in full, as a list is (COM-04). Synchronous;
   * re-entry on the same CPU throws MemoryError E_REENTRY, areas that do not fit E_AREA.
   */
  withInputPage<R>(
    cpu: number,
    inputBytes: number,
    outputBytes: number,
    use: (area: HypercallArea) => R,
    zeroedBytes?: number,
  ): R;
}
