import { writeFileSync } from 'node:fs';
import { inProject } from '../support/project.js';
import { TRANSCRIPTS, transcriptText } from './transcripts.js';

// `node .build/spec/cli/update-transcripts.js` rewrites the kept outputs; the change is reviewed as a diff.
for (const transcript of TRANSCRIPTS)
  writeFileSync(inProject('fixtures', 'transcripts', transcript.file), transcriptText(transcript));
console.log(`fixtures/transcripts: ${TRANSCRIPTS.length} written`);
