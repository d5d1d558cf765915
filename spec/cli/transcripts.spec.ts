import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inProject, listFiles } from '../support/project.js';
import { keptTranscript, TRANSCRIPTS, transcriptText } from './transcripts.js';

const test = suite('cli: transcripts');

for (const transcript of TRANSCRIPTS) {
  test(transcript.file, () => assert.fixture(transcriptText(transcript), keptTranscript(transcript)));
}

test('every file has a command', () => {
  const files = listFiles(inProject('fixtures', 'transcripts'), '.txt');
  assert.equal(files, TRANSCRIPTS.map(({ file }) => file).sort());
});

test.run();
