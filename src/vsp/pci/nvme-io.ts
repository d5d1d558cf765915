import { nvme_opcode } from '../../hardware/nvme.js';
import type { DmaPort } from '../../ports/dma-port.js';
import { fromGuest, type NvmeCommand, type NvmeOutcome, toGuest } from './nvme-command.js';
import { MAX_TRANSFER_BYTES, NAMESPACE, type NvmeIdentity } from './nvme-identify.js';
import {
  NVME_COMPARE_FAILURE,
  NVME_DATA_TRANSFER_ERROR,
  NVME_INVALID_FIELD,
  NVME_INVALID_NAMESPACE,
  NVME_INVALID_OPCODE,
  NVME_LBA_OUT_OF_RANGE,
  NVME_SUCCESS,
} from './nvme-status.js';

const ALL_NAMESPACES = 0xffff_ffff;

/** A command of the NVM command set (NVM Express 1.4, 6) on the namespace. */
export function runIo(dma: DmaPort, identity: NvmeIdentity, command: NvmeCommand): NvmeOutcome {
  const { opcode, nsid } = command;
  if (nsid !== NAMESPACE && !(opcode === nvme_opcode.nvme_cmd_flush && nsid === ALL_NAMESPACES))
    return { status: NVME_INVALID_NAMESPACE };
  switch (opcode) {
    case nvme_opcode.nvme_cmd_flush:
      return { status: NVME_SUCCESS };
    case nvme_opcode.nvme_cmd_write:
    case nvme_opcode.nvme_cmd_read:
    case nvme_opcode.nvme_cmd_compare:
    case nvme_opcode.nvme_cmd_write_zeroes:
      return onBlocks(dma, identity, command);
    case nvme_opcode.nvme_cmd_dsm:
      return deallocate(dma, identity, command);
    default:
      return { status: NVME_INVALID_OPCODE };
  }
}

function onBlocks(dma: DmaPort, { disk, sectorBytes }: NvmeIdentity, command: NvmeCommand): NvmeOutcome {
  const { opcode, words } = command;
  const at = bytesAt(words[1]!, words[0]!, sectorBytes);
  const length = ((words[2]! & 0xffff) + 1) * sectorBytes;
  if (at + length > disk.size) return { status: NVME_LBA_OUT_OF_RANGE };
  if (opcode === nvme_opcode.nvme_cmd_write_zeroes) {
    disk.clear(at, length);
    return { status: NVME_SUCCESS };
  }
  if (length > MAX_TRANSFER_BYTES) return { status: NVME_INVALID_FIELD };
  if (opcode === nvme_opcode.nvme_cmd_read) {
    const bytes = new Uint8Array(length);
    disk.read(at, bytes);
    return { status: toGuest(dma, command, bytes) ? NVME_SUCCESS : NVME_DATA_TRANSFER_ERROR };
  }
  const bytes = fromGuest(dma, command, length);
  if (bytes === undefined) return { status: NVME_DATA_TRANSFER_ERROR };
  if (opcode === nvme_opcode.nvme_cmd_write) {
    disk.write(at, bytes);
    return { status: NVME_SUCCESS };
  }
  const there = new Uint8Array(length);
  disk.read(at, there);
  return { status: there.every((byte, i) => byte === bytes[i]) ? NVME_SUCCESS : NVME_COMPARE_FAILURE };
}

/** Ranges that the guest no longer needs read as zeros. */
function deallocate(dma: DmaPort, { disk, sectorBytes }: NvmeIdentity, command: NvmeCommand): NvmeOutcome {
  const count = (command.words[0]! & 0xff) + 1;
  const list = fromGuest(dma, command, count * 16);
  if (list === undefined) return { status: NVME_DATA_TRANSFER_ERROR };
  if ((command.words[1]! & 4) === 0) return { status: NVME_SUCCESS };
  const view = new DataView(list.buffer);
  const ranges = Array.from({ length: count }, (_, i) => ({
    at: bytesAt(view.getUint32(i * 16 + 12, true), view.getUint32(i * 16 + 8, true), sectorBytes),
    length: view.getUint32(i * 16 + 4, true) * sectorBytes,
  }));
  if (ranges.some(({ at, length }) => at + length > disk.size)) return { status: NVME_LBA_OUT_OF_RANGE };
  for (const { at, length } of ranges) disk.clear(at, length);
  return { status: NVME_SUCCESS };
}

/** Byte of the first block. Beyond 2^53 it is not exact, and beyond any disk. */
function bytesAt(hi: number, lo: number, sectorBytes: number): number {
  return (hi * 0x1_0000_0000 + lo) * sectorBytes;
}
