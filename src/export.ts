// Other notations derived from the declarations.

export { errorTable, hypercallTable, vmbusTable, vpciTable } from './export/markdown.js';
