import type { NvmeController } from '../../guest/pci/nvme-controller.js';
import type { DmaMapping } from '../../guest/pv-iommu/dma-mapping.js';
import { FlushGather } from '../../guest/pv-iommu/flush-gather.js';
import type { PagingDomain } from '../../guest/pv-iommu/paging-domain.js';
import { nvme_opcode } from '../../hardware/nvme.js';
import type { Outcome } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import { diskContent } from './guest-steps.js';
import { IOVA, LARGE, SMALL, TARGET } from './large-pages.js';
import type { GuestScene } from './simulation.js';

/** NVM Express base specification 1.4, 4.6.1.2.1: a command whose data could not be transferred. */
const DATA_TRANSFER_ERROR = 0x004;
const PAGE = 4096;
/** In page 1, which no driver ever gets. */
const NEVER_MAPPED = 0x1000n;

/** Maps a large and a small page beside what the driver has, lets the host do DMA, and takes the maps away. */
export function* tryLargePages({ report, flags, queue }: GuestScene, domain: PagingDomain): Routine {
  report.check('a large page is mapped', domain.map(IOVA, TARGET, LARGE).ok);
  report.check('a small page is mapped read-only', domain.map(IOVA + BigInt(LARGE), TARGET + LARGE, SMALL, false).ok);
  flags.raise('guest-ready');
  report.check('the host has done DMA', yield* flags.wait(queue, 'returned'));
  const gather = new FlushGather();
  report.check('both are unmapped', domain.unmap(IOVA, LARGE + SMALL, gather) === LARGE + SMALL);
  domain.sync(gather);
  flags.raise('eject');
  report.check('the host has tried again', yield* flags.wait(queue, 'reoffered'));
}

/** Reads a page from the disk while it is mapped for it, and behind unmap and flush; then from where nothing ever was. */
export function* useUnmapped(scene: GuestScene, disk: NvmeController, mapping: DmaMapping): Routine {
  const { report, guest } = scene;
  const { frames: pool, memory } = guest.machine;
  const [namespace] = disk.namespaces;
  const [frame] = pool.take(1) ?? [];
  if (namespace === undefined || frame === undefined) return;
  const blocks = PAGE / namespace.blockBytes;
  const readTo = (address: bigint): Routine<Outcome> =>
    disk.transfer(nvme_opcode.nvme_cmd_read, 0, namespace, 0n, blocks, [address]);
  const wanted = diskContent(0, blocks * namespace.blockBytes);
  const mapped = disk.fn.dma.mapPages([frame], true);
  if (!report.check('a page is mapped for the disk', mapped.ok) || !mapped.ok) return;
  const [address] = mapped.value;
  report.check('its address is none of the guest', address !== BigInt(frame * PAGE));
  memory.clear(frame * PAGE, PAGE);
  report.check('the disk fills it', (yield* readTo(address!)).ok && holds(scene, frame, wanted));
  disk.fn.dma.unmapPages(mapped.value);
  mapping.flush();
  memory.clear(frame * PAGE, PAGE);
  report.check('not once it is unmapped and flushed', isRefused(yield* readTo(address!)));
  report.check('and nothing was written', holds(scene, frame, new Uint8Array(PAGE)));
  report.check('nor where nothing was mapped', isRefused(yield* readTo(NEVER_MAPPED)));
  const readable = disk.fn.dma.mapPages([frame], false);
  if (report.check('a page is mapped read-only', readable.ok) && readable.ok) {
    report.check('the disk may not fill that', isRefused(yield* readTo(readable.value[0]!)));
    disk.fn.dma.unmapPages(readable.value);
  }
  pool.give([frame]);
}

function isRefused(outcome: Outcome): boolean {
  return !outcome.ok && outcome.errno === 'EIO' && outcome.status === DATA_TRANSFER_ERROR;
}

function holds({ guest }: GuestScene, frame: number, wanted: Uint8Array): boolean {
  const found = new Uint8Array(wanted.length);
  guest.machine.memory.read(frame * PAGE, found);
  return found.every((byte, i) => byte === wanted[i]);
}
