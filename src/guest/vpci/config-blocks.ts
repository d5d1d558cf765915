import { pci_message_type, pci_response } from '../../abi/vpci/message.js';
import { pci_read_block, pci_write_block, vpci_limits } from '../../abi/vpci/resource.js';
import { encode } from '../../layout/codec.js';
import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import type { Child } from './child.js';
import { ask } from './exchange.js';
import { slotWord } from './slot.js';
import type { VirtualBus } from './virtual-bus.js';

/** A function, as its driver knows it. */
export interface FunctionPlace {
  readonly domain: number;
  readonly devfn: number;
}

/** The side channel between a function's driver and the host: blocks of up to 128 bytes (drivers/pci/controller/pci-hyperv-intf.c). */
export interface ConfigBlocks {
  /** Up to `length` bytes of a block: EINVAL for no length or too much, EIO when the host has none, ENODEV without function. */
  read(place: FunctionPlace, block: number, length: number): Routine<Outcome<Uint8Array>>;
  write(place: FunctionPlace, block: number, bytes: Uint8Array): Routine<Outcome>;
  /** `invalidated` hears which blocks change: bit i is block i, the first 64 only. EEXIST for a second one. */
  onInvalidate(place: FunctionPlace, invalidated: (blocks: bigint) => void): Outcome;
}

const MOST = vpci_limits.HV_CONFIG_BLOCK_SIZE_MAX;
const BYTES_AT = pci_response.size;
const FIXED = pci_write_block.size - MOST;
/** What hosts of 2018 want behind the bytes (hv_write_config_block; VPCI-111). */
export const WRITE_BLOCK_PAD = 4;

const isLength = (length: number): boolean => length > 0 && length <= MOST;

/** Configuration blocks over the channels of buses; `busOf` finds one by its domain. */
export class ChannelConfigBlocks implements ConfigBlocks {
  private readonly busOf: (domain: number) => VirtualBus | undefined;

  constructor(busOf: (domain: number) => VirtualBus | undefined) {
    this.busOf = busOf;
  }

  *read(place: FunctionPlace, block: number, length: number): Routine<Outcome<Uint8Array>> {
    if (!isLength(length)) return failure('EINVAL');
    const found = this.find(place);
    if (found === undefined) return failure('ENODEV');
    const answer = yield* ask(
      found.bus,
      encode(pci_read_block, {
        message_type: { type: pci_message_type.PCI_READ_BLOCK },
        block_id: block,
        wslot: slotWord(found.child.slot),
        bytes_requested: length,
      }),
    );
    if (!answer.ok) return answer;
    const { status, packet } = answer.value;
    const bytes = packet.slice(BYTES_AT, BYTES_AT + length);
    return status !== 0 || bytes.length === 0 ? failure('EIO', status >>> 0) : success(bytes);
  }

  *write(place: FunctionPlace, block: number, bytes: Uint8Array): Routine<Outcome> {
    if (!isLength(bytes.length)) return failure('EINVAL');
    const found = this.find(place);
    if (found === undefined) return failure('ENODEV');
    const message = encode(pci_write_block, {
      message_type: { type: pci_message_type.PCI_WRITE_BLOCK },
      block_id: block,
      wslot: slotWord(found.child.slot),
      byte_count: bytes.length,
      bytes: [...bytes],
    });
    const payload = new Uint8Array(FIXED + bytes.length + WRITE_BLOCK_PAD);
    payload.set(message.subarray(0, FIXED + bytes.length));
    const answer = yield* ask(found.bus, payload);
    if (!answer.ok) return answer;
    return answer.value.status === 0 ? DONE : failure('EIO', answer.value.status >>> 0);
  }

  onInvalidate(place: FunctionPlace, invalidated: (blocks: bigint) => void): Outcome {
    const child = this.find(place)?.child;
    if (child === undefined) return failure('ENODEV');
    if (child.onInvalidate !== undefined) return failure('EEXIST');
    child.onInvalidate = invalidated;
    return DONE;
  }

  private find({ domain, devfn }: FunctionPlace): { bus: VirtualBus; child: Child } | undefined {
    const bus = this.busOf(domain);
    const child = bus?.childOf(devfn);
    return bus === undefined || child === undefined ? undefined : { bus, child };
  }
}
