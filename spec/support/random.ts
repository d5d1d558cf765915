/** Deterministic unsigned 32-bit integers (xorshift32, Marsaglia 2003) from a seed. */
export function randomWords(seed: number): () => number {
  let x = (seed * 2654435761 + 88675123) >>> 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** `length` bytes from a seed. */
export function randomBytes(length: number, seed: number): Uint8Array {
  const next = randomWords(seed);
  return Uint8Array.from({ length }, () => next() >>> 24);
}

/** A seed of its own for every name, so that adding one struct changes no other's bytes. */
export function seedOf(name: string): number {
  let hash = 2166136261;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619) >>> 0;
  return hash;
}
