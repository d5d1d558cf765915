// Other notations derived from the declarations.

export { cBitCheck } from './export/c-bit-check.js';
export { cHeader } from './export/c-header.js';
export { errorTable, hypercallTable, vmbusTable, vpciTable } from './export/markdown.js';
export type { ExportOptions } from './export/select.js';
