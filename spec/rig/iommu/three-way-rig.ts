import * as assert from 'uvu/assert';
import type { GuestMachine } from '../../../src/guest/machine/guest-machine.js';
import { IommuDevice } from '../../../src/guest/root-iommu/iommu-device.js';
import type { IommuDomain } from '../../../src/guest/root-iommu/iommu-domain.js';
import { RootIommu } from '../../../src/guest/root-iommu/root-iommu.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import { DONE } from '../../../src/ports/outcome.js';
import type { PageFrames } from '../../../src/ports/page-frames.js';
import { makeRootMachine } from '../../support/root-machine.js';
import { Failures } from './failures.js';
import { DEVICES, DIRECT_SLOT, PAGING_SLOTS, type Sequence } from './sequence.js';

export const PAGE = 4096;
/** The partition that devices can be given to. */
export const GUEST = 5n;
/** More pages than this are a large operation. */
export const LARGE = 100;
const memory = SharedGuestMemory.create(0x2000 * PAGE);

/** A domain of the driver's; a direct one is never freed. */
export type Made = Exclude<IommuDomain, { readonly kind: 'identity' | 'blocked' }>;

/** A root partition with two devices, the first in a domain of its own, and what makes its calls fail. */
export function makeRig(plan: Sequence) {
  const failures = new Failures();
  const log: LogLine[] = [];
  const knobs = { reps: plan.maxReps as number, isStarved: false };
  const { partition, machine, frames } = makeRootMachine({
    memory,
    continuation: 'partial',
    iommu: {
      devices: () => true,
      guestPartitions: [GUEST],
      poolPages: plan.pool,
      pagesPerMapping: plan.pagesPerMapping,
      pagesPerAttachment: 1,
      maxRepsPerCall: () => knobs.reps,
      failAt: failures.at,
    },
    log: (line) => log.push(line),
    through: (gate) => failures.through(gate),
  });
  const { splitIntervals, maxIntervals, detachPolicy } = plan;
  const lean: PageFrames = {
    take: (count, contiguous) => (knobs.isStarved ? undefined : frames.take(count, contiguous)),
    give: (taken) => frames.give(taken),
  };
  const driver = new RootIommu(withFrames(machine, lean), {
    flavour: 'root',
    splitIntervals,
    maxIntervals,
    detachPolicy,
  });
  assert.ok(driver.init({ publish: () => DONE, unpublish: () => undefined, register: () => DONE }).ok);
  const devices = Array.from(
    { length: DEVICES },
    (_, n) => new IommuDevice({ segment: 0, bus: 0, device: 3 + n, function: 0 }),
  );
  const slots: (Made | undefined)[] = Array.from({ length: PAGING_SLOTS }, () => undefined);
  const made = driver.allocPaging();
  if (!made.ok) throw new Error(`no domain: ${made.errno}`);
  slots[0] = made.value;
  assert.ok(driver.attach(made.value, devices[0]!).ok);
  const direct = driver.allocDirect(GUEST);
  if (!direct.ok) throw new Error(`no domain: ${direct.errno}`);
  slots[DIRECT_SLOT] = direct.value;
  const iommu = partition.iommu!;
  return { iommu, driver, devices, slots, frames, failures, log, knobs };
}

export type Rig = ReturnType<typeof makeRig>;

/** The same machine in all else, as it changes. */
function withFrames(machine: GuestMachine, frames: PageFrames): GuestMachine {
  return Object.create(machine, { frames: { value: frames } });
}

/** Page frames that the guest has, or may have back. */
export function framesOf({ iommu, frames }: Rig): number {
  const { accounts, partitionId } = iommu.domains;
  return [partitionId, GUEST].reduce((sum, id) => sum + accounts.of(id)!.deposited, frames.free);
}
