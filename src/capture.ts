// From bytes of a capture to named records.

export { Decoder, type DecoderOptions, type Event } from './capture/decoder.js';
export { LinkWindow } from './capture/link-window.js';
export { allLayouts, callOf, findName, layoutOf, type Named, requireName, suggestNames } from './capture/names.js';
export { type PageRow, pageRecord } from './capture/page-record.js';
export { PageScan, type PageScanOptions } from './capture/page-scan.js';
export { PfnRuns } from './capture/pfn-runs.js';
export { decodePlain, type PlainOptions, PlainReader } from './capture/plain.js';
export { deepIssues, type JsonRecord, presentRecord, statusName } from './capture/present.js';
export { numberOf, READING_KINDS, type ReadingsOptions, readings } from './capture/readings.js';
export type { CallWords, DecodedRecord, Part, Slack } from './capture/record.js';
export { type Row, Summary } from './capture/summary.js';
export { Tally } from './capture/tally.js';
export { describePart, isDecoded, issuesOf, plainValue, reencodes } from './capture/value.js';
export { parseVmbusMessage, type VmbusParse, type VmbusParseOptions } from './capture/vmbus-parse.js';
