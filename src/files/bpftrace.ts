import { type DumpLine, isBlank, type LineKind, type LineReader } from './dump-line.js';
import { pairAt, quoteToken, SPACE } from './hex-digits.js';
import type { Found, Sample } from './sample.js';

// buf() of bpftrace, one print a buffer: "in: \x5c\x00" of %rx and "in: 5c 00" of %rh (docs/stdlib.md). Strings of \x
// escapes in quotes are read too, joined over lines as C and Python join them.
const ESCAPED = /(?:\\x[0-9a-fA-F]{2}){2,}(?![0-9a-zA-Z])/;
const LABELLED = /^(?=.*[^0-9a-fA-F\s:=])[^"']*[:=] ?((?:[0-9a-fA-F]{2} ){3,}[0-9a-fA-F]{2}) ?$/;
const BANNER = /^Attach(?:ing|ed) (?:to )?\d+ probes?/;
const BARE = /^(?:[0-9a-fA-F]{2} )*[0-9a-fA-F]{2} ?$/;
const RUN = /(?:\b[0-9a-fA-F]{2} ){3,}[0-9a-fA-F]{2}\b/;
const PAIRS = /^(?:\S\S )*\S\S$/;
const BACKSLASH = 0x5c;

/** Buffers as bpftrace prints them: every line is an image of its own, whatever text stands before its bytes. */
export class BpftraceReader implements LineReader {
  readonly dialect = 'bpftrace';
  readonly doubts: readonly string[] = [];
  readonly wordBytes = 1;
  readonly fixedLayout = false;
  readonly acrossText = 'may-go-on';
  readonly #leastPairs: number;
  #quoted = false;

  /** `leastPairs` is how many pairs behind a label are a buffer and not a number. */
  constructor(leastPairs = 4) {
    this.#leastPairs = leastPairs;
  }

  read(text: string, start: number, end: number, line: DumpLine): LineKind {
    if (isBlank(text, start, end)) return 'blank';
    const backslash = text.indexOf('\\x', start);
    if (backslash >= 0 && backslash < end) return this.#readEscapes(text, start, backslash, end, line);
    this.#quoted = false;
    const own = text.slice(start, end).trimEnd();
    const label = Math.max(own.lastIndexOf(':'), own.lastIndexOf('=')) + 1;
    const from = own.charCodeAt(label) === SPACE ? label + 1 : label;
    if (!PAIRS.test(own.slice(from))) return 'text';
    const count = (own.length - from + 1) / 3;
    if (label > 0 && count < this.#leastPairs) return 'text';
    let wrong = -1;
    for (let p = from; p < own.length; p += 3) if (!line.readWord(own, p, 2, true) && wrong < 0) wrong = p;
    // Two letters are a word; a few among bytes are a buffer that was damaged.
    if (line.length * 2 < count) {
      line.length = 0;
      return 'text';
    }
    if (wrong >= 0)
      throw line.error(start + wrong, `expected two hex digits, found ${quoteToken(own, wrong, own.length)}`);
    if (RUN.test(own.slice(0, label))) {
      throw line.error(start + from, 'two buffers on one line: print each on a line of its own');
    }
    line.opens = true;
    return 'bytes';
  }

  #readEscapes(text: string, start: number, backslash: number, end: number, line: DumpLine): LineKind {
    let p = backslash;
    while (p < end && text.charCodeAt(p) === BACKSLASH) {
      const b = text.charCodeAt(p + 1) === 0x78 ? pairAt(text, p + 2, end) : -1;
      if (b < 0) {
        // A backslash at the end of a line joins it with the next one.
        if (p + 1 === end) break;
        throw line.error(p, `expected \\x and two hex digits, found ${quoteToken(text, p, end)}`);
      }
      line.bytes[line.length++] = b;
      p += 4;
    }
    const quote = backslash > start ? text.charAt(backslash - 1) : '';
    const quoted = quote === '"' || quote === "'";
    if (quoted ? text.charAt(p) !== quote : p < end && !/[\s,;)\]\\]/.test(text.charAt(p))) {
      // One escape inside a word is a name (systemd escapes "-" so), not a buffer.
      if (line.length === 1) {
        line.length = 0;
        return 'text';
      }
      throw line.error(
        p,
        `expected \\x and two hex digits, found ${quoteToken(text, p, end)} (%rx prints every byte so, %r does not)`,
      );
    }
    const second = text.indexOf('\\x', p);
    if (second >= 0 && second < end)
      throw line.error(second, 'two buffers on one line: print each on a line of its own');
    const joined = this.#quoted && quoted && text.slice(start, backslash - 1).trim() === '';
    line.opens = !joined;
    this.#quoted = quoted;
    return 'bytes';
  }
}

/** Recognises \x escapes; pairs behind a label, or alone under bpftrace's banner, only when no other dialect is sure. */
export function recogniseBpftrace(sample: Sample): Found | undefined {
  const lines = sample.cut ? sample.lines.slice(0, -1) : sample.lines;
  const escaped = lines.findIndex((line) => ESCAPED.test(line));
  const banner = lines.findIndex((line) => BANNER.test(line));
  const printed = lines.findIndex((line, i) => LABELLED.test(line) || (banner >= 0 && i > banner && BARE.test(line)));
  const sure = escaped >= 0 || banner >= 0;
  if (escaped < 0 && printed < 0) return undefined;
  const filled = lines.filter((line) => !isBlank(line, 0, line.length));
  const hits = filled.filter((line) => LABELLED.test(line) || BARE.test(line)).length;
  if (!sure && hits * 2 < filled.length) return undefined;
  // The banner belongs to the dump: what follows is told from it. Unsure lines are taken with all the text or not at all.
  const first = sure ? Math.min(...[escaped, banner, printed].filter((index) => index >= 0)) : 0;
  return { first, reader: new BpftraceReader(banner >= 0 ? 1 : 4), weak: !sure };
}
