import { InvalidArgumentError } from 'commander';

const SHAPE = /^(0x[0-9a-f`_]+|\d[\d_]*)$/i;

/** A u64 as people type it: decimal, or 0x with backticks or underscores between digits. Throws for commander. */
export function parseU64(text: string): bigint {
  if (!SHAPE.test(text)) throw new InvalidArgumentError('Takes an integer, decimal or 0x….');
  const value = BigInt(text.replace(/[`_]/g, ''));
  if (value >= 1n << 64n) throw new InvalidArgumentError('Does not fit 64 bits.');
  return value;
}

/** A count of bytes or a position in a file. */
export function parseCount(text: string): number {
  const value = parseU64(text);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new InvalidArgumentError('Is too large.');
  return Number(value);
}

/** Protocol version of vPCI: 1.4, or the number on the wire. */
export function parseVersion(text: string): number {
  const dotted = /^(\d{1,4})\.(\d{1,4})$/.exec(text);
  if (dotted) return Number(dotted[1]) * 0x10000 + Number(dotted[2]);
  const value = SHAPE.test(text) ? parseCount(text) : 0;
  if (value < 0x10000) throw new InvalidArgumentError('Takes a version such as 1.4 or 0x10004.');
  return value;
}

/** The way of a message, in the words of traces, of the JSON output and of people. */
export function parseDirection(text: string): 'guest->host' | 'host->guest' {
  switch (text.toLowerCase()) {
    case 'g2h':
    case 'guest->host':
    case 'out':
      return 'guest->host';
    case 'h2g':
    case 'host->guest':
    case 'in':
      return 'host->guest';
    default:
      throw new InvalidArgumentError('Takes g2h (guest to host) or h2g (host to guest).');
  }
}
