import {
  pci_create_int_response,
  pci_create_interrupt,
  pci_create_interrupt2,
  pci_create_interrupt3,
  pci_delete_interrupt,
  type tran_int_desc,
} from '../../abi/vpci/interrupt.js';
import { DeliveryMode } from '../../abi/vpci/openvmm-interrupts.js';
import { vpciHostLimits } from '../../abi/vpci/protocol.js';
import { encode } from '../../layout/codec.js';
import type { InputOf, ValueOf } from '../../layout/types.js';
import { type Answer, type BusCore, type Handler, refuse, statusAnswer, withoutDescriptor } from './bus-core.js';
import { type BusFunction, slotNumber } from './bus-function.js';
import { readBody, type VpciRequest } from './request.js';
import { STATUS_INVALID_DEVICE_STATE, STATUS_SUCCESS } from './statuses.js';

/** One descriptor of any of the three forms. */
export interface InterruptWish {
  readonly vector: number;
  readonly delivery_mode: number;
  readonly vector_count: number;
  /** Of the first form. */
  readonly cpu_mask?: bigint;
  /** Of the others. */
  readonly processor_count?: number;
  readonly processor_array?: readonly number[];
}

export type Remapped = InputOf<typeof tran_int_desc>;

/** No vectors asked for: nothing is made, and all zeros say so. */
const NOTHING: Remapped = { vector_count: 0, data: 0, address: 0n };
const ALL_CPUS = 0xffff_ffff_ffff_ffffn;

/** Messages for what a descriptor asks for, or why there are none. */
export function grantInterrupt(core: BusCore, made: BusFunction, wish: InterruptWish): Remapped | string {
  const { vector, vector_count: count, delivery_mode: mode } = wish;
  if (count > vpciHostLimits.vectorsPerMessage) return `${count} vectors`;
  if (mode !== DeliveryMode.FIXED && mode !== DeliveryMode.LOWEST_PRIORITY) return `delivery mode ${mode}`;
  const named = processorsOf(core, wish);
  if (named === undefined) return 'too many processors';
  if (count === 0) return NOTHING;
  // An APIC vector is a byte; the last of several must be one, too.
  if (core.port.arch === 'x64' && vector + count - 1 > 0xff) return `vector ${vector}`;
  const vps = named.filter((vp) => core.port.vps.includes(vp));
  const lowestPriority = mode === DeliveryMode.LOWEST_PRIORITY;
  const message = core.interrupts.create(made.slot, made.deviceId, count, { vector, vps, lowestPriority });
  if (message === undefined) return 'no messages are left';
  const { address, data } = message;
  const physicalCpu = named[0];
  core.log.add({ what: 'interrupt-created', slot: made.slot, vector, count, vps, physicalCpu, address, data });
  return { vector_count: count, data, address };
}

function processorsOf(core: BusCore, wish: InterruptWish): readonly number[] | undefined {
  if (wish.cpu_mask === undefined) {
    const count = wish.processor_count ?? 0;
    return count > vpciHostLimits.processors ? undefined : wish.processor_array!.slice(0, count);
  }
  // Linux has no list of processors in the first form and names all (CPU_AFFINITY_ALL).
  if (wish.cpu_mask === ALL_CPUS) return core.port.vps;
  const vps: number[] = [];
  for (let vp = 0; vp < 64; vp++) if (((wish.cpu_mask >> BigInt(vp)) & 1n) === 1n) vps.push(vp);
  return vps.length > vpciHostLimits.processors ? undefined : vps;
}

interface CreateBody {
  readonly wslot: BusFunctionWord;
  readonly int_desc: InterruptWish;
}
type BusFunctionWord = ValueOf<typeof pci_create_interrupt>['wslot'];

function create(core: BusCore, request: VpciRequest, body: CreateBody | undefined): Answer {
  if (body === undefined) return refuse(core, request, 'is too short');
  const made = core.functions.get(slotNumber(body.wslot));
  if (made === undefined) return refuse(core, request, 'has no function');
  if (!core.inD0) return refuse(core, request, 'the bus is not in D0', STATUS_INVALID_DEVICE_STATE);
  const granted = grantInterrupt(core, made, body.int_desc);
  if (typeof granted === 'string') return refuse(core, request, granted);
  const hdr = { type: 0, offset8: 0, len8: 0, flags: 0, trans_id: 0n };
  return withoutDescriptor(
    encode(pci_create_int_response, { response: { hdr, status: STATUS_SUCCESS }, int_desc: granted }),
  );
}

export const createInterrupt: Handler = (core, request) =>
  create(core, request, readBody(pci_create_interrupt, request));
export const createInterrupt2: Handler = (core, request) =>
  create(core, request, readBody(pci_create_interrupt2, request));
export const createInterrupt3: Handler = (core, request) =>
  create(core, request, readBody(pci_create_interrupt3, request));

/** Address and data must be as they were given; the count is not looked at. Its function may be gone already. */
export const deleteInterrupt: Handler = (core, request) => {
  const body = readBody(pci_delete_interrupt, request);
  if (body === undefined) return refuse(core, request, 'is too short');
  const slot = slotNumber(body.wslot);
  const { address, data } = body.int_desc;
  if (!core.interrupts.remove(slot, address, data)) return refuse(core, request, 'no such interrupt');
  core.log.add({ what: 'interrupt-deleted', slot, address, data });
  return statusAnswer(STATUS_SUCCESS);
};
