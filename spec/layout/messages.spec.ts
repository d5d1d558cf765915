import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Message, type MessageContext, messages, pickForm } from '../../src/layout/messages.js';

const table = messages('types', {
  FIRST: { code: 1, direction: 'host->guest', is: [{ source: 'linux' }], alias: ['First', 'ONE'] },
  SECOND: { code: 2, is: [] },
});

const lookup = suite('layout: messages');

lookup('by type and by name, aliases included', () => {
  assert.equal([table.kind, table.name], ['messages', 'types']);
  assert.is(table.byCode.get(1)?.name, 'FIRST');
  assert.equal(
    ['FIRST', 'First', 'ONE', 'SECOND', 'THIRD'].map((name) => table.byName.get(name)?.code),
    [1, 1, 1, 2, undefined],
  );
  assert.equal([...table.byCode.keys()], [1, 2]);
});

lookup.run();

const message = (...is: Message['is']): Message => ({ name: 'M', code: 1, is });
const linux = { source: 'linux' };
const a = { ...linux, since: 0x10001 };
const b = { ...linux, since: 0x10002 };
const c = { ...linux, since: 0x10004 };
const ended = { ...linux, until: 0x10001 };
const feature = { ...linux, since: 0x10004, features: 0b110 };
const long = { ...linux, since: 0x10004, features: 0b110, minSize: 40 };
const size = { ...linux, minSize: 24 };
const other = { source: 'openvmm' };

const rows: { note: string; of: Message; context?: MessageContext; is: Message['is'][number] | undefined }[] = [
  { note: 'nothing known: the newest', of: message(a, b, c), is: c },
  { note: 'a version: the newest that it has', of: message(a, b, c), context: { version: 0x10003 }, is: b },
  { note: 'a version that just has it', of: message(a, b, c), context: { version: 0x10004 }, is: c },
  { note: 'a version before the first', of: message(a, b, c), context: { version: 0x10000 }, is: undefined },
  { note: 'a form that was given up', of: message(ended), context: { version: 0x10002 }, is: undefined },
  { note: 'in its last version', of: message(ended), context: { version: 0x10001 }, is: ended },
  { note: 'one of the features', of: message(a, feature), context: { version: 0x10004, features: 0b10 }, is: feature },
  { note: 'none of the features', of: message(a, feature), context: { version: 0x10004, features: 0b1001 }, is: a },
  {
    note: 'features, but an older version',
    of: message(a, feature),
    context: { version: 0x10003, features: 0b110 },
    is: a,
  },
  {
    note: 'features unknown: not the form that needs one',
    of: message(a, feature),
    context: { version: 0x10004 },
    is: a,
  },
  { note: 'unless its size tells', of: message(a, long), context: { version: 0x10004, size: 40 }, is: long },
  { note: 'or does not', of: message(a, long), context: { version: 0x10004, size: 39 }, is: a },
  { note: 'features known, too short', of: message(a, long), context: { features: 0b100, size: 39 }, is: a },
  { note: 'a size that just fits', of: message(linux, size), context: { size: 24 }, is: size },
  { note: 'a size that does not', of: message(linux, size), context: { size: 23 }, is: linux },
  { note: 'a source', of: message(linux, other), context: { source: 'linux' }, is: linux },
  { note: 'a source that lacks it', of: message(linux), context: { source: 'openvmm' }, is: undefined },
  { note: 'no form at all', of: message(), is: undefined },
];

const forms = suite('layout: pickForm');

for (const { note, of, context, is } of rows) forms(note, () => assert.is(pickForm(of, context), is));

forms.run();
