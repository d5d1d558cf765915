/** What a decoder knows of its surroundings, with every unknown as -1, and the position behind what was read last. */
export interface Cursor {
  end: number;
  varEnd: number;
  reps: number;
  /** One past the last byte that belonged to the structure. */
  p: number;
}
