import type { HexDialect, HexImage } from './hex-image.js';
import { recogniseSample } from './hex-recognise.js';
import { HexTextStream } from './hex-text-stream.js';
import { BYTE_ORDER_MARK, takeSample } from './sample.js';

/** Longest run one `*` may stand for where the whole image is held. */
const MAX_REPEAT_BYTES = 1 << 30;

/** The dialect of the first dump in a text; undefined when there is none. Never throws. */
export function recogniseHexText(text: string): HexDialect | undefined {
  const top = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0;
  for (let at = top; at < text.length; ) {
    const { sample, next } = takeSample(text, at, true);
    const found = recogniseSample(sample, at === top);
    if (found === undefined) {
      at = next;
      continue;
    }
    if (found.first === 0) return found.reader.dialect;
    // Look again from the dump's first line, as the stream does, so that both see the same rows.
    for (let i = 0; i < found.first; i++) at = text.indexOf('\n', at) + 1;
  }
  return undefined;
}

/**
 * Every image in a text, whole. `dialect` restricts it to that one. Throws HexTextError for a malformed line, a `*`
 * without an end, and a text without any dump. A dump larger than memory goes through HexTextStream instead.
 */
export function parseHexText(text: string, options: { readonly dialect?: HexDialect } = {}): HexImage[] {
  const stream = new HexTextStream({
    ...options,
    pieceBytes: Number.MAX_SAFE_INTEGER,
    maxRepeatBytes: MAX_REPEAT_BYTES,
  });
  return [...stream.push(text), ...stream.end()];
}
