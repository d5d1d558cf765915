/** Numbers in [0, n) from a seed, the same on every machine (mulberry32). */
export function seeded(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * n);
  };
}

export function randomBytes(next: (n: number) => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => next(256));
}

const latin1 = (text: string): number[] => Array.from(text, (char) => char.charCodeAt(0));

/**
 * The bytes behind the files of fixtures/hex-text: noise, runs that tools squeeze to `*`, and characters that look like
 * hex, like a middle dash, like bars and like the start of another row. 213 bytes: no multiple of 16, 8, 4 or 2.
 */
export function goldenBytes(): Uint8Array {
  const next = seeded(20);
  const noise = (length: number) => [...randomBytes(next, length)];
  return Uint8Array.from([
    ...noise(16),
    ...new Array<number>(64).fill(0),
    ...latin1('dead beef|0a- 12'),
    ...latin1('  |00 11 22 33| '),
    ...latin1('>ab cd ef 01 23<'),
    ...latin1('00000060: 5c00  '),
    ...new Array<number>(48).fill(0xff),
    ...noise(21),
  ]);
}

/**
 * Random bytes of which a share comes in equal rows and another share is printable, so that every column of a dump is
 * put to the test.
 */
export function dumpBytes(next: (n: number) => number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const alike = latin1('0123456789abcdef -|<>*?.:');
  for (let at = 0; at < length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const kind = next(4);
    if (kind === 0) row.fill(next(3) === 0 ? 0xff : 0);
    else if (kind === 1) row.set(randomBytes(next, row.length));
    else if (kind === 2)
      row.forEach((_, i) => {
        row[i] = alike[next(alike.length)]!;
      });
    else if (at >= 16) row.set(bytes.subarray(at - 16, at - 16 + row.length));
  }
  return bytes;
}
