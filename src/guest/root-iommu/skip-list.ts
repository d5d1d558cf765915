import type { PciAddress } from '../../hypercall/pci-address.js';
import type { LogSink } from '../../ports/log-sink.js';

// One entry, as "(%x:%x:%x.%x) " of sscanf takes it: blanks before the bracket and behind it, blanks and 0x before each number.
const NUMBER = String.raw`\s*((?:0x)?[0-9a-f]+)`;
const ENTRY = new RegExp(String.raw`\s*\(${NUMBER}:${NUMBER}:${NUMBER}\.${NUMBER}\)\s*`, 'iy');
/** Longest number that a 32-bit field takes, with its prefix and leading zeros left out. */
const MAX = 0xffffffff;

/** Functions that the user keeps away from the IOMMU, such as `(0000:03:00.0)(0001:5e:1f.7)` (IOMMU-11). */
export class SkipList {
  readonly entries: readonly PciAddress[];
  /** Where reading stopped, when it stopped before the end (IOMMU-12). */
  readonly malformedAt: number | undefined;
  private readonly keys: ReadonlySet<string>;

  /** Reads as far as the text is well formed; entries in front of a malformed one hold. A malformed one is logged once. */
  constructor(text: string | undefined, log: LogSink = () => undefined) {
    const entries: PciAddress[] = [];
    const list = text ?? '';
    const pattern = new RegExp(ENTRY);
    let at = 0;
    while (at < list.length) {
      pattern.lastIndex = at;
      const found = pattern.exec(list);
      if (found === null) break;
      const [segment, bus, device, fn] = found.slice(1).map((digits) => Number.parseInt(digits, 16));
      if ([segment, bus, device, fn].some((part) => part === undefined || part > MAX)) break;
      entries.push({ segment: segment!, bus: bus!, device: device!, function: fn! });
      at = pattern.lastIndex;
    }
    this.entries = entries;
    this.keys = new Set(entries.map(keyOf));
    this.malformedAt = list.slice(at).trim() === '' ? undefined : at;
    if (this.malformedAt !== undefined)
      log({ level: 'warn', code: 'iommu-skip-list-malformed', fields: { at, text: list } });
  }

  has(address: PciAddress): boolean {
    return this.keys.has(keyOf(address));
  }
}

function keyOf(at: PciAddress): string {
  return `${at.segment}:${at.bus}:${at.device}.${at.function}`;
}
