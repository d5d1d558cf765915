import { bytesToHex } from '../../src/bytes/hex.js';

/** Numbers that follow each other: the first one as text, and how many there are. */
export type WordRun = readonly [first: string, count: number];

/** Runs as little-endian qwords, in hex. */
export function hexOfRuns(runs: readonly WordRun[]): string {
  const words = runs.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => BigInt(first) + BigInt(i)));
  const view = new DataView(new ArrayBuffer(8 * words.length));
  for (const [i, word] of words.entries()) view.setBigUint64(8 * i, word, true);
  return bytesToHex(new Uint8Array(view.buffer));
}
