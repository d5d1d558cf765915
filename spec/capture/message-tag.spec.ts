import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { vmbus } from '../../src/abi/vmbus/messages.js';
import { vpci } from '../../src/abi/vpci/messages.js';
import { tagPath, tagsOf } from '../../src/capture/message-tag.js';
import { pick } from '../../src/layout/group.js';
import type { MessageTable } from '../../src/layout/messages.js';
import { u32 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';

const tags = suite('tagPath, tagsOf');

const bodies = (table: MessageTable, source?: string): { name: string; path: string }[] =>
  [...table.byName.values()].flatMap(({ name, is }) =>
    is.flatMap((form) =>
      form.body && (source ?? form.source) === form.source
        ? [{ name, path: (tagPath(pick(form.body).type, table) ?? ['-']).join('.') }]
        : [],
    ),
  );

tags('every channel message has its type in its header', () => {
  const paths = new Set(bodies(vmbus).map((row) => row.path.split('.').at(-1)));
  assert.not.ok(paths.has('-'), [...paths].join());
});

tags('every vPCI message that Linux declares has its type', () => {
  for (const { name, path } of bodies(vpci, 'linux')) assert.not.equal(path, '-', name);
});

tags('a struct without one', () => assert.is(tagPath(struct('plain', 4, { a: u32 }), vmbus), undefined));

tags('what a message says of itself', () => {
  const open = vmbus.byName.get('CHANNELMSG_OPENCHANNEL')!;
  const body = pick(open.is.find((form) => form.source === 'linux')!.body!).type;
  assert.equal(tagsOf(body, vmbus, open, false), [[['header', 'msgtype'], 5]]);
});

tags('and the packet in front of it', () => {
  const eject = vpci.byName.get('PCI_EJECT')!;
  const form = eject.is.find((one) => one.withDescriptor)!;
  assert.equal(tagsOf(pick(form.body!).type, vpci, eject, true), [
    [['incoming', 'message_type', 'type'], 0x4249000b],
    [['incoming', 'hdr', 'type'], 6],
    [['incoming', 'hdr', 'offset8'], 2],
    [['incoming', 'hdr', 'len8'], 3],
  ]);
});

tags.run();
