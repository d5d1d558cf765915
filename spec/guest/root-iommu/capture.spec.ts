import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCapture } from '../../support/captures.js';
import { compareWithCapture, type Recorded } from './capture-replay.js';

const captured = suite('the recorded driver');

captured('Linux 7.2.13 with the root driver of the series: the same calls for the same maps, byte for byte', () => {
  const events = readCapture('map-device-gpa-pages.jsonl') as unknown as Recorded[];
  const { operations, calls, differences } = compareWithCapture(events);
  assert.equal(differences, []);
  assert.equal([operations, calls], [9, 9]);
});

captured('a driver that detaches first does not make them', () => {
  const events = readCapture('map-device-gpa-pages.jsonl') as unknown as Recorded[];
  assert.ok(compareWithCapture(events, { detachPolicy: 'always' }).differences.length > 0);
});

captured.run();
