/** One CPU's hypercall areas while it holds them. */
export interface HypercallArea {
  /** Input area: a page or the first part of one. */
  readonly input: DataView;
  readonly inputGpa: number;
  /** Output area; its length is 0 where none was asked for. */
  readonly output: DataView;
  readonly outputGpa: number;
}

/** Per-CPU hypercall pages (COM-03, PVI-40): between taking a page and the call's return nothing else runs on that CPU. */
export interface InputPages {
  /**
   * Runs `use` with the CPU's areas of `inputBytes` and `outputBytes`. Synchronous; re-entry on the same CPU throws
   * MemoryError E_REENTRY, areas that do not fit E_AREA.
   */
  withInputPage<R>(cpu: number, inputBytes: number, outputBytes: number, use: (area: HypercallArea) => R): R;
}
