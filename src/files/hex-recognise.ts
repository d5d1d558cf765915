import { BpftraceReader, recogniseBpftrace } from './bpftrace.js';
import { CArrayReader, recogniseCArray } from './c-array.js';
import { CrashReader, GdbReader, recogniseCrash, recogniseGdb } from './debugger.js';
import type { LineReader } from './dump-line.js';
import type { HexDialect } from './hex-image.js';
import { HexdumpReader, recogniseHexdump } from './hexdump.js';
import { KernelLogReader, recogniseKernelLog } from './kernel-log.js';
import { odReader, recogniseOd } from './od.js';
import { PlainReader, recognisePlain } from './plain-hex.js';
import type { Found, Sample } from './sample.js';
import { recogniseWindbg, WindbgReader } from './windbg.js';
import { recogniseXxd, xxdReader } from './xxd.js';

interface Dialect {
  recognise(sample: Sample): Found | undefined;
  /** Reads the dialect with its commonest layout: what a forced dialect falls back to, for its error texts. */
  reader(): LineReader;
}

const DIALECTS: Record<HexDialect, Dialect> = {
  hexdump: { recognise: recogniseHexdump, reader: () => new HexdumpReader() },
  windbg: { recognise: recogniseWindbg, reader: () => new WindbgReader() },
  gdb: { recognise: recogniseGdb, reader: () => new GdbReader() },
  crash: { recognise: recogniseCrash, reader: () => new CrashReader() },
  xxd: { recognise: (sample) => recogniseXxd(sample, 'xxd'), reader: () => xxdReader('xxd') },
  'xxd-le': { recognise: (sample) => recogniseXxd(sample, 'xxd-le'), reader: () => xxdReader('xxd-le') },
  'kernel-log': { recognise: recogniseKernelLog, reader: () => new KernelLogReader() },
  od: { recognise: (sample) => recogniseOd(sample, 'od'), reader: () => odReader('od') },
  'hexdump-words': {
    recognise: (sample) => recogniseOd(sample, 'hexdump-words'),
    reader: () => odReader('hexdump-words'),
  },
  bpftrace: { recognise: recogniseBpftrace, reader: () => new BpftraceReader() },
  'c-array': { recognise: recogniseCArray, reader: () => new CArrayReader(1, false) },
  plain: { recognise: recognisePlain, reader: () => new PlainReader() },
};

/** Tried in this order, dialects with marks of their own first; between equals the earlier one wins. */
const ORDER: readonly ((sample: Sample) => Found | undefined)[] = [
  recogniseHexdump,
  recogniseWindbg,
  recogniseGdb,
  recogniseCrash,
  (sample) => recogniseXxd(sample),
  recogniseKernelLog,
  (sample) => recogniseOd(sample),
  recogniseBpftrace,
  recogniseCArray,
  recognisePlain,
];

/**
 * The dialect whose dump starts first in the sample. One that could be something else counts only when none is sure
 * and, being all the text there is, at its `top`. With `forced` only that dialect is tried.
 */
export function recogniseSample(sample: Sample, top: boolean, forced?: HexDialect): Found | undefined {
  if (forced !== undefined) return DIALECTS[forced].recognise(sample);
  let best: Found | undefined;
  for (const recognise of ORDER) {
    const found = recognise(sample);
    if (found === undefined || (found.weak && !top)) continue;
    const better =
      best === undefined || (best.weak && !found.weak) || (best.weak === found.weak && found.first < best.first);
    if (better) best = found;
  }
  return best;
}

/** A reader for the dialect with its commonest layout. */
export function defaultReader(dialect: HexDialect): LineReader {
  return DIALECTS[dialect].reader();
}
