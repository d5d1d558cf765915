import { type DumpLine, isBlank, type LineKind, type LineReader } from './dump-line.js';
import { hexRunEnd, nibble, quoteToken, SPACE } from './hex-digits.js';
import { damageIn } from './row-shape.js';
import type { Found, Sample } from './sample.js';

// "[   12.345678] prefix: 00000000: 5c 00 01 00 ...  \..." of print_hex_dump (lib/hexdump.c), as dmesg, journalctl,
// syslog or the console print it: level, time stamp and caller in front, each optional.
const STAMP =
  /^(?:<\d{1,3}>)?(?:[a-z]+ *: *[a-z]+ *: )?(?:\[[^\]]*\d[^\]]*\] ?)+(?:\[ *[TC]\d+\] ?)?|^[A-Z][a-z]{2} +\d+ [\d:]+ \S+ kernel: ?(?:\[ *[\d.]+\] ?)?|^\d{4}-\d\d-\d\dT[\d:.,+Z-]+ \S+ kernel: ?(?:\[ *[\d.]+\] ?)?/;
const ADDRESS = /(?:^|[^0-9a-fA-F])([0-9a-fA-F]{16}|[0-9a-fA-F]{8}|\(____ptrval____\)): (?=[0-9a-fA-F]{2})/g;
const WORD_DIGITS = new Set([2, 4, 8, 16]);
/** print_hex_dump takes rows of 16 or 32 bytes and no others. */
const MAX_ROW = 32;

/** The groups of a row from `pos`: bytes they hold and where they end; `wrong` is where a group is malformed, or -1. */
interface Groups {
  readonly digits: number;
  readonly length: number;
  readonly wrong: number;
}

function measureGroups(text: string, pos: number, end: number): Groups {
  const digits = hexRunEnd(text, pos, end) - pos;
  if (!WORD_DIGITS.has(digits)) return { digits: 0, length: 0, wrong: pos };
  let p = pos;
  let length = 0;
  while (p < end && text.charCodeAt(p) !== SPACE) {
    const stop = p + digits;
    if (hexRunEnd(text, p, end) !== stop || (stop < end && text.charCodeAt(stop) !== SPACE)) {
      return { digits, length, wrong: p };
    }
    length += digits >> 1;
    p = stop + 1;
  }
  return { digits, length, wrong: -1 };
}

function bodyAt(line: string): number {
  return STAMP.exec(line)?.[0].length ?? 0;
}

/** Where the groups of a row start, what stands before them, and the address if one is printed. */
interface RowHead {
  readonly at: number;
  readonly label: string;
  /** Digits of the address; '' when none is printed or it is a hashed pointer. */
  readonly address: string;
}

/**
 * %p prints a hash instead of a kernel address (lib/vsprintf.c, ptr_to_id): 64-bit kernels print it with a zero upper
 * half, which no kernel address has, and every row gets another one. Rows then follow each other by position.
 */
function isHashed(address: string): boolean {
  return address.startsWith('(') || (address.length === 16 && address.startsWith('00000000'));
}

interface Row {
  readonly head: RowHead;
  readonly groups: Groups;
}

/** The characters of a row without an address may look like a row with one: the row that starts first is the real one. */
function firstRow(addressed: Row | undefined, bare: Row | undefined): Row | undefined {
  if (addressed === undefined || bare === undefined) return addressed ?? bare;
  return bare.head.at < addressed.head.at ? bare : addressed;
}

function findAddressed(line: string, body: number): Row | undefined {
  ADDRESS.lastIndex = Math.max(0, body - 1);
  for (let m = ADDRESS.exec(line); m !== null; m = ADDRESS.exec(line)) {
    const at = m.index + m[0].length;
    const groups = measureGroups(line, at, line.length);
    const addressAt = at - 2 - m[1]!.length;
    if (groups.length > 0 && groups.length <= MAX_ROW) {
      const address = isHashed(m[1]!) ? '' : m[1]!;
      return { head: { at, label: line.slice(body, addressAt), address }, groups };
    }
    ADDRESS.lastIndex = addressAt + m[1]!.length;
  }
  return undefined;
}

/** A row without an address: groups of one width to the end of the line or a double space, exactly 16 or 32 bytes. */
function findBare(line: string, body: number): Row | undefined {
  for (let at = body; at < line.length; at++) {
    if (nibble(line.charCodeAt(at)) < 0 || (at > body && line.charCodeAt(at - 1) !== SPACE)) continue;
    const groups = measureGroups(line, at, line.length);
    if (groups.wrong < 0 && (groups.length === 16 || groups.length === MAX_ROW)) {
      return { head: { at, label: line.slice(body, at), address: '' }, groups };
    }
  }
  return undefined;
}

/** print_hex_dump rows in a kernel log; groups of more than a byte are little-endian words. */
export class KernelLogReader implements LineReader {
  readonly dialect = 'kernel-log';
  readonly doubts: readonly string[] = [];
  readonly wordBytes = 1;
  readonly fixedLayout = false;
  readonly acrossText = 'goes-on';
  #label: string | undefined;
  #bare = false;
  #row = 0;
  /** The last row behind its stamp. */
  #body = '';

  read(text: string, start: number, end: number, line: DumpLine): LineKind {
    if (isBlank(text, start, end)) return 'blank';
    // Matching needs the line by itself; logs are short against the dumps in them.
    const own = text.slice(start, Math.min(end, start + 4096));
    const body = bodyAt(own);
    const found = firstRow(findAddressed(own, body), findBare(own, body) ?? this.#shortRow(own, body));
    if (found === undefined) {
      const damage = damageIn(own.slice(body), this.#body);
      if (damage >= 0) {
        const p = start + body + damage;
        throw line.error(p, `expected a row like the one before, found ${quoteToken(text, p, end)}`);
      }
      this.#bare = false;
      return 'text';
    }
    const { head, groups } = found;
    if (groups.wrong >= 0) {
      // Text that merely looks like the start of a row, unless it goes on where a dump stands.
      if (this.#label !== head.label) return 'text';
      const p = start + groups.wrong;
      throw line.error(p, `expected ${groups.digits} hex digits, found ${quoteToken(text, p, end)}`);
    }
    const bare = head.address === '';
    if (!bare) line.readAddress(head.address, 0, head.address.length, 16);
    // Without addresses a dump ends with its first short row, or where other text stands.
    line.opens = this.#label !== head.label || (bare && (!this.#bare || groups.length > this.#row));
    for (let p = head.at, n = 0; n < groups.length; n += groups.digits >> 1, p += groups.digits + 1) {
      line.readWord(own, p, groups.digits, false);
    }
    line.closes = bare && (groups.length < (line.opens ? 16 : this.#row) || groups.length % 16 !== 0);
    this.#label = head.label;
    this.#bare = bare && !line.closes;
    this.#row = groups.length;
    this.#body = own.slice(body);
    return 'bytes';
  }

  /** The last row of a dump without addresses: known by the label of the rows before it. */
  #shortRow(line: string, body: number): Row | undefined {
    if (!this.#bare || this.#label === undefined || !line.startsWith(this.#label, body)) return undefined;
    const at = body + this.#label.length;
    const groups = measureGroups(line, at, line.length);
    if (groups.length === 0 || groups.length > MAX_ROW) return undefined;
    return { head: { at, label: this.#label, address: '' }, groups };
  }
}

/** Recognises print_hex_dump rows that have a time stamp or a prefix before their address, or a stamp and no address. */
export function recogniseKernelLog(sample: Sample): Found | undefined {
  for (const [first, line] of sample.lines.entries()) {
    const own = line.slice(0, 4096);
    const body = bodyAt(own);
    const addressed = findAddressed(own, body);
    const marked = body > 0 || (addressed !== undefined && addressed.head.label !== '');
    const sure =
      addressed !== undefined && addressed.groups.wrong < 0 && marked && (body > 0 || addressed.groups.length > 3);
    const bare = body > 0 && !sure ? findBare(own, body) : undefined;
    if (sure || (bare !== undefined && bare.groups.wrong < 0))
      return { first, reader: new KernelLogReader(), weak: false };
  }
  return undefined;
}
