import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inProject, readProjectText, withTempFolder } from '../../support/project.js';
import { recordedEvents } from '../pv-iommu/recorded-events.js';
import { rootRecording } from '../root-iommu/recorded-session.js';
import type { RecordedEvent } from './recording.js';

const test = suite('the commands of docs/linux-comparison.md');

/** The recordings that the page names, as the fixtures have them. */
const RECORDINGS: Readonly<Record<string, () => readonly RecordedEvent[]>> = {
  'root-iommu.jsonl': rootRecording,
  'pviommu.jsonl': recordedEvents,
};

const commands = [...readProjectText('docs', 'linux-comparison.md').matchAll(/^ {4}node (\S+) (\S+) '(.*)'$/gm)];

test('there is one for each driver', () => assert.is(commands.length, 2));

for (const [, script, name, options] of commands)
  test(`${script} finds every call of ${name} made the same`, async () => {
    await withTempFolder((folder) => {
      const file = join(folder, name!);
      writeFileSync(
        file,
        RECORDINGS[name!]!()
          .map((event) => JSON.stringify(event))
          .join('\n'),
      );
      const { status, stdout } = spawnSync(process.execPath, [inProject(script!), file, options!], {
        encoding: 'utf8',
      });
      assert.match(stdout, /^\d+ (operations|requests), (\d+) recorded calls, \2 made the same\n$/);
      assert.is(status, 0);
    });
  });

test.run();
