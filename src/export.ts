// Other notations derived from the declarations.

export { cHeader } from './export/c-header.js';
export { errorTable, hypercallTable, vmbusTable, vpciTable } from './export/markdown.js';
