/** Page frames of guest memory that can be taken and given back. Numbers are page frame numbers (GPA / 4096). */
export interface PageFrames {
  /** Frames, ascending; consecutive ones when `contiguous`. Undefined when there are not enough. */
  take(count: number, contiguous?: boolean): number[] | undefined;
  /** Gives frames back. Throws MemoryError E_FRAME for a frame that is not taken, and then gives none back. */
  give(frames: readonly number[]): void;
}
