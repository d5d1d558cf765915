import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRecords } from '../../capture/input.node.js';
import type { DecodedRecord } from '../../capture/record.js';
import { CommandError } from '../exit.js';
import { guidName } from '../guid-name.js';
import { type ColourChoice, paintFor } from '../paint.js';
import { recordLines } from '../tree/record-text.js';
import { Writer } from '../writer.js';

interface Scene {
  readonly file: string;
  readonly title: string;
  readonly text: string;
  /** Records that are shown as a tree; the others are one line. */
  readonly open: readonly number[];
}

const SCENES: readonly Scene[] = [
  {
    file: 'vpci-probe.jsonl',
    title: 'A Linux guest finds a virtual PCI device',
    text: 'Debian 6.12 on an emulated Hyper-V: VMBus contact, offer, vPCI 1.4 probe, interrupt made and retargeted.',
    open: [34, 38, 57, 58, 63, 477, 478, 487],
  },
  {
    file: 'map-device-gpa-pages.jsonl',
    title: 'A root partition maps 507 pages for a device',
    text: 'Linux 7.2 with the Hyper-V root IOMMU driver: domain created, device attached, one full page of page numbers.',
    open: [230, 231, 257],
  },
];

/** `npm run demo`: two recorded stories, each field named. */
export function runDemo(color: ColourChoice): number {
  const folder = capturesFolder();
  const paint = paintFor(color);
  const writer = new Writer();
  for (const scene of SCENES) {
    writer.line();
    writer.line(paint.title(scene.title));
    writer.line(paint.quiet(scene.text));
    writer.line(paint.quiet(`hvabi decode fixtures/captures/${scene.file}`));
    writer.line();
    let brief = true;
    for (const record of readRecords(join(folder, scene.file))) {
      if (record.kind === 'ring_control') continue;
      const open = scene.open.includes(record.n);
      if (open && brief) writer.line();
      brief = !open;
      for (const line of recordLines(withoutControlPage(record), { paint, all: false, brief, guidName }))
        writer.line(line);
    }
  }
  writer.line();
  writer.flush();
  return 0;
}

/** The ring indices beside each packet repeat what the story is not about. */
function withoutControlPage(record: DecodedRecord): DecodedRecord {
  return record.kind === 'ring' ? { ...record, parts: record.parts.filter((part) => part.label !== 'ctl') } : record;
}

/** fixtures/captures of the checkout: above this file, however deep the build puts it. */
function capturesFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); dirname(folder) !== folder; folder = dirname(folder)) {
    const found = join(folder, 'fixtures', 'captures');
    if (existsSync(join(found, SCENES[0]!.file))) return found;
  }
  throw new CommandError(
    'the recorded captures are not installed with the package',
    'run npm run demo in a checkout of the repository',
  );
}
