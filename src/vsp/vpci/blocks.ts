import { pci_message_type } from '../../abi/vpci/message.js';
import {
  pci_dev_inval_block,
  pci_read_block,
  pci_read_block_response,
  pci_write_block,
  vpci_limits,
} from '../../abi/vpci/resource.js';
import { viewOf } from '../../bytes/span.js';
import { encode } from '../../layout/codec.js';
import { type BusCore, type Handler, refuse, statusAnswer, withoutDescriptor } from './bus-core.js';
import { slotNumber, slotWord } from './bus-function.js';
import { readBody } from './request.js';
import { STATUS_SUCCESS } from './statuses.js';

const MOST = vpci_limits.HV_CONFIG_BLOCK_SIZE_MAX;
const HDR = { type: 0, offset8: 0, len8: 0, flags: 0, trans_id: 0n };

/** A block of a function that has some; the answer is as long as the block, at most what was asked for. */
export const readBlock: Handler = (core, request) => {
  const body = readBody(pci_read_block, request);
  if (body === undefined) return refuse(core, request, 'is too short');
  const made = core.functions.get(slotNumber(body.wslot));
  if (made === undefined) return refuse(core, request, 'has no function');
  const { block_id: id, bytes_requested: wanted } = body;
  const bytes = wanted > MOST ? undefined : made.spec.device.blocks?.readBlock(id, wanted);
  if (bytes === undefined) return refuse(core, request, `no block ${id} of ${wanted} bytes`);
  core.log.add({ what: 'block-read', slot: made.slot, id, bytes: bytes.length });
  return withoutDescriptor(encode(pci_read_block_response, { hdr: HDR, status: STATUS_SUCCESS, bytes: [...bytes] }));
};

export const writeBlock: Handler = (core, request) => {
  // The count first: the struct takes it at its word.
  const count = request.payload.length < 16 ? MOST + 1 : viewOf(request.payload).getUint32(12, true);
  const body = count > MOST ? undefined : readBody(pci_write_block, request);
  if (body === undefined || body.bytes.length !== count) return refuse(core, request, 'cannot be read');
  const made = core.functions.get(slotNumber(body.wslot));
  if (made === undefined) return refuse(core, request, 'has no function');
  const bytes = Uint8Array.from(body.bytes);
  if (made.spec.device.blocks?.writeBlock(body.block_id, bytes) !== true)
    return refuse(core, request, `no block ${body.block_id}`);
  core.log.add({ what: 'block-written', slot: made.slot, id: body.block_id, bytes: bytes.length });
  return statusAnswer(STATUS_SUCCESS);
};

/** Tells the guest that blocks of a function have changed: bit i is block i. */
export function sendInvalidate(core: BusCore, slot: number, mask: bigint): void {
  const message_type = { type: pci_message_type.PCI_INVALIDATE_BLOCK };
  const packet = encode(pci_dev_inval_block, {
    incoming: { hdr: HDR, message_type },
    wslot: slotWord(slot),
    block_mask: mask,
  });
  core.log.add({ what: 'blocks-invalidated', slot, mask });
  core.outbox.send({ kind: 'in-band', payload: withoutDescriptor(packet) });
}
