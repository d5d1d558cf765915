/** Page frames of guest memory that can be taken and given back. Numbers are page frame numbers (GPA / 4096). */
export interface PageFrames {
  /** Frames, ascending; consecutive ones when `contiguous`. Undefined when there are not enough. */
  take(count: number, contiguous?: boolean): number[] | undefined;
  /** Gives frames back. Throws for a frame that was not taken. */
  give(frames: readonly number[]): void;
}
