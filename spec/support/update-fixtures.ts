import { writeFileSync } from 'node:fs';
import { inProject, readProjectText } from './project.js';
import { withTables } from './readme-tables.js';

// `npm run fixtures` rewrites what is generated and kept in the repository; the change is reviewed as a diff.
const readme = inProject('README.md');
writeFileSync(readme, withTables(readProjectText('README.md')));
console.log('README.md: tables written');
