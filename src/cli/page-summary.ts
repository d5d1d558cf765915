import { closeSync, openSync, readSync } from 'node:fs';
import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import { foreignFormat } from '../capture/foreign-format.js';
import { type InputOptions, recogniseFormat } from '../capture/input.node.js';
import { callOf, findName } from '../capture/names.js';
import { PageScan } from '../capture/page-scan.js';
import { decodePlain } from '../capture/plain.js';
import { Summary } from '../capture/summary.js';
import type { Hypercall } from '../layout/hypercall.js';

/** Bytes that the format is recognised by. */
const HEAD = 1 << 16;
/** One buffer of this size, used again: larger ones leave the processor's cache before they are read. */
const PIECE = 1 << 18;

/**
 * Counts a raw file of input pages of one rep call without making a record of each. Returns false, with nothing read into
 * `summary`, where the input is something else and has to be decoded record by record.
 */
export function summarisePages(file: string, options: InputOptions, summary: Summary): boolean {
  const call = callIn(options);
  if (call === undefined || options.direction === 'host->guest' || options.abi !== undefined) return false;
  if (options.stride !== undefined && options.stride !== HV_HYP_PAGE_SIZE) return false;
  const scan = PageScan.of(call, options);
  if (scan === undefined) return false;
  const closer = new Summary();
  let rest: Uint8Array | undefined;
  for (const piece of piecesIn(file, options)) {
    if (rest === undefined && !isRaw(piece.subarray(0, HEAD), options)) return false;
    const whole = piece.length - (piece.length % HV_HYP_PAGE_SIZE);
    scanPages(scan, piece.subarray(0, whole), options, closer);
    rest = piece.subarray(whole);
  }
  if (rest === undefined) return false;
  // Only pages that look wrong were decoded for their issues; everything else is known from the scan.
  const row = summary.row('bytes', call.name);
  row.count += scan.pages;
  row.bytes += scan.bytes;
  row.reps += scan.reps;
  row.issues += closer.issues;
  row.runs = scan.runs;
  summary.records += scan.pages;
  summary.bytes += scan.bytes;
  summary.issues += closer.issues;
  for (const record of decodePlain(rest, options)) summary.add(record);
  return true;
}

function isRaw(head: Uint8Array, { format }: InputOptions): boolean {
  return (format ?? foreignFormat(head) ?? recogniseFormat(head)) === 'raw';
}

function callIn({ as, control }: InputOptions): Hypercall | undefined {
  const named = as === undefined ? undefined : findName(as);
  if (named !== undefined) return named.kind === 'hypercall' ? named.call : undefined;
  return as === undefined && control !== undefined ? callOf(Number(control & 0xffffn)) : undefined;
}

function scanPages(scan: PageScan, pages: Uint8Array, options: InputOptions, closer: Summary): void {
  const before = scan.suspicious;
  scan.push(pages);
  if (scan.suspicious > before) for (const record of decodePlain(pages, options)) closer.add(record);
}

/** The file in equal pieces of whole pages, the last one shorter; each is valid until the next is asked for. */
function* piecesIn(
  file: string,
  { offset = 0, length = Number.POSITIVE_INFINITY, onProgress }: InputOptions,
): Generator<Uint8Array> {
  const fd = openSync(file, 'r');
  try {
    const buffer = new Uint8Array(PIECE);
    let at = 0;
    for (let held = -1; held !== 0; ) {
      held = 0;
      const most = Math.min(PIECE, length - at);
      for (let got = 1; got > 0 && held < most; held += got)
        got = readSync(fd, buffer, held, most - held, offset + at + held);
      at += held;
      onProgress?.(at);
      if (held > 0) yield buffer.subarray(0, held);
    }
  } finally {
    closeSync(fd);
  }
}
