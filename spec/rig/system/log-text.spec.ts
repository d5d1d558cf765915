import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LogLine } from '../../../src/ports/log-sink.js';
import { logText } from '../../../src/rig/system/log-text.js';

const test = suite('rig/system: log lines in words');

const lines: readonly (readonly [LogLine, string | undefined])[] = [
  [{ level: 'warn', code: 'a-b' }, 'warn: a-b'],
  [
    { level: 'error', code: 'a-b', fields: { gpa: 0x1000n, vp: 2, list: [1, 2n], why: 'x' } },
    'error: a-b gpa 0x1000, vp 2, list 1 0x2, why x',
  ],
  [{ level: 'info', code: 'pci-domain-collision', fields: { requested: 1 } }, undefined],
  [
    { level: 'info', code: 'vmbus-close-after-rescind', fields: { relid: 11 } },
    'channel 11 is closed behind its rescind, as Linux does',
  ],
];

for (const [line, text] of lines)
  test(`${line.level} ${line.code}${line.fields === undefined ? '' : ' with fields'}`, () => {
    assert.is(logText(line), text);
  });

test.run();
