import type { IommuDevice } from '../../../src/guest/root-iommu/iommu-device.js';
import { IommuDevice as Device } from '../../../src/guest/root-iommu/iommu-device.js';
import type { PagingDomain } from '../../../src/guest/root-iommu/iommu-domain.js';
import { RootIommu, type RootIommuOptions } from '../../../src/guest/root-iommu/root-iommu.js';
import { CODES, type MadeCall } from './fake-hypervisor.js';
import { bareRig, gained, QUIET_CORE } from './rig.js';

/** A recorded hypercall, in the words of a capture. */
export interface Recorded {
  readonly n: number;
  readonly k: string;
  readonly code: string;
  readonly control: string;
  readonly reps: number;
  readonly in: string;
}

export interface Compared {
  /** Operations of the driver that were made, and calls that these took. */
  readonly operations: number;
  readonly calls: number;
  /** Recorded number and what differs. */
  readonly differences: readonly string[];
}

const OURS: ReadonlySet<number> = new Set(Object.values(CODES));

function word(hex: string, byte: number): bigint {
  const bytes = hex.slice(2 * byte, 2 * byte + 16).match(/../g) ?? [];
  return BigInt(`0x${bytes.reverse().join('')}`);
}

/** Where a map or unmap starts and the one behind it would. */
interface Stretch {
  readonly iova: bigint;
  readonly frame: bigint;
  pages: number;
  readonly calls: Recorded[];
}

/** Neighbouring calls of one operation: each but the last is full, and addresses go on. */
function gather(events: readonly Recorded[], at: number, most: number): Stretch {
  const first = events[at]!;
  const isMap = Number(first.code) === CODES.map;
  const addressAt = isMap ? 32 : 24;
  const [iova, frame] = [word(first.in, addressAt), isMap ? word(first.in, 40) : 0n];
  const found: Stretch = { iova, frame, pages: 0, calls: [] };
  for (let i = at; i < events.length; i++) {
    const event = events[i]!;
    const goesOn =
      event.code === first.code &&
      word(event.in, addressAt) === iova + (BigInt(found.pages) << 12n) &&
      (!isMap ||
        (word(event.in, 40) === frame + BigInt(found.pages) && event.in.slice(0, 64) === first.in.slice(0, 64)));
    if (!goesOn) break;
    found.calls.push(event);
    found.pages += event.reps;
    if (event.reps < most) break;
  }
  return found;
}

/** Makes the driver do what the recorded one was asked to, and compares every call with the recorded one. */
export function compareWithCapture(recorded: readonly Recorded[], options: Partial<RootIommuOptions> = {}): Compared {
  const events = recorded.filter((event) => event.k === 'hypercall' && OURS.has(Number(event.code)));
  const { hv, machine } = bareRig();
  const iommu = new RootIommu(machine, { flavour: 'root', ...options });
  const devices = new Map<string, IommuDevice>();
  const domains = new Map<number, PagingDomain>();
  const differences: string[] = [];
  let operations = 0;
  let calls = 0;

  const domainOf = (id: number) => (id === 0 ? iommu.identity : id === 0xffffffff ? iommu.blocked : domains.get(id)!);
  const compare = (expected: readonly Recorded[], made: readonly MadeCall[]) => {
    operations++;
    calls += made.length;
    for (let i = 0; i < Math.max(expected.length, made.length); i++) {
      const [theirs, ours] = [expected[i], made[i]];
      const same =
        theirs !== undefined &&
        ours !== undefined &&
        BigInt(theirs.control) === BigInt(ours.control) &&
        theirs.in === ours.input;
      if (!same)
        differences.push(
          `${theirs?.n ?? 'none'}: ${theirs?.control} ${theirs?.in.slice(0, 96)} | ${ours?.control} ${ours?.input.slice(0, 96)}`,
        );
    }
  };
  const attach = (event: Recorded, next: boolean) => {
    const id = event.in.slice(48, 64);
    const rid = Number(word(event.in, 24) & 0xffffn);
    const address = { segment: 0, bus: rid >> 8, device: (rid >> 3) & 31, function: rid & 7 };
    // The same call twice in a row is for two devices with one requester id.
    const device = next ? new Device(address) : (devices.get(id) ?? new Device(address));
    devices.set(id, device);
    iommu.attach(domainOf(Number(word(event.in, 16) >> 32n)), device);
  };

  for (let at = 0; at < events.length; ) {
    const event = events[at]!;
    const code = Number(event.code);
    let expected: readonly Recorded[] = [event];
    const id = event.in.length >= 48 ? Number(word(event.in, 16) >> 32n) : 0;
    if (code === CODES.unmap || code === CODES.map) {
      const stretch = gather(events, at, code === CODES.map ? 507 : 4095);
      expected = stretch.calls;
      const domain = domains.get(id)!;
      if (code === CODES.map) {
        hv.made.length = 0;
        const writable = Number(word(event.in, 24) >> 32n) === 3;
        const paddr = stretch.frame << 12n;
        iommu.map(domain, { iova: stretch.iova, paddr, pageSize: 4096, pageCount: stretch.pages, writable });
      } else {
        // Of a part of a capture the map may be missing.
        if (iommu.iovaToPhys(domain, stretch.iova) === undefined)
          iommu.map(domain, {
            iova: stretch.iova,
            paddr: 0n,
            pageSize: 4096,
            pageCount: stretch.pages,
            writable: true,
          });
        hv.made.length = 0;
        iommu.unmap(domain, stretch.iova, 4096, stretch.pages);
      }
    } else {
      // Of a part of a capture the move to another domain may be missing.
      if (code === CODES.delete)
        for (const device of devices.values())
          if (device.domain === domains.get(id)) iommu.attach(iommu.blocked, device);
      hv.made.length = 0;
      if (code === CODES.capabilities) iommu.init(QUIET_CORE);
      else if (code === CODES.create) domains.set(id, gained(iommu.allocPaging()));
      else if (code === CODES.delete) iommu.free(domains.get(id)!);
      else if (code === CODES.attach) attach(event, events[at - 1]?.in === event.in);
    }
    compare(expected, hv.made);
    at += expected.length;
  }
  return { operations, calls, differences };
}
