import type { NvmeController } from '../../guest/pci/nvme-controller.js';
import type { Routine } from '../../sched/routine.js';
import { waitUntil } from './flags.js';
import type { GuestScene } from './simulation.js';

/** Connects to the host and loads the PCI drivers; false when there is no connection. */
export function* start({ guest, report }: GuestScene): Routine<boolean> {
  guest.vmbus.register(guest.vpci);
  const connected = yield* guest.vmbus.connect();
  if (!report.check('the guest connects to the VMBus', connected.ok)) return false;
  yield* guest.vmbus.settle();
  return true;
}

/** Waits for so many NVMe controllers with a driver. */
export function* waitForDisks({ guest, queue, report }: GuestScene, count: number): Routine<readonly NvmeController[]> {
  const ready = (): boolean =>
    guest.nvme.controllers.length === count && guest.nvme.controllers.every(({ namespaces }) => namespaces.length > 0);
  yield* waitUntil(queue, ready);
  report.check(`${count} NVMe controllers are bound, there are ${guest.nvme.controllers.length}`, ready());
  return [...guest.nvme.controllers];
}

const BLOCKS = 16;

/** What a CPU writes to a disk, its first `bytes`. */
export function diskContent(cpu: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + cpu * 31 + (i >> 9)) & 255);
}

/** Writes to a namespace from each CPU and reads it back from each other one. */
export function* useDisk({ guest, report }: GuestScene, disk: NvmeController): Routine {
  const [namespace] = disk.namespaces;
  if (!report.check('the disk has a namespace', namespace !== undefined) || namespace === undefined) return;
  for (const { cpu } of guest.machine.cpus) {
    const from = BigInt(cpu * BLOCKS);
    const content = diskContent(cpu, BLOCKS * namespace.blockBytes);
    const written = yield* disk.writeBlocks(cpu, namespace, from, content);
    report.check(`CPU ${cpu} writes ${BLOCKS} blocks`, written.ok);
    const reader = (cpu + 1) % guest.machine.cpus.length;
    const read = yield* disk.readBlocks(reader, namespace, from, BLOCKS);
    report.check(`CPU ${reader} reads what CPU ${cpu} wrote`, read.ok && equal(read.value, content));
  }
}

/** Nothing of a device is left in the guest (VPCI-84). */
export function checkNothingLeft({ guest, report }: GuestScene): void {
  for (const [what, count] of Object.entries(guest.holdings()))
    report.check(`no ${what} are in use at the end, there are ${count}`, count === 0);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
