import { pci_child_message } from '../../abi/vpci/message.js';
import {
  AssignedResources,
  AssignedResources2,
  AssignedResources3,
  AssignedResourcesReply,
  AssignedResourcesReply2,
  DeviceTranslate,
  GetResources,
  type PartialResourceDescriptor,
  PartialResourceList,
} from '../../abi/vpci/openvmm-resources.js';
import { vpciHostLimits } from '../../abi/vpci/protocol.js';
import { pci_q_res_req_response } from '../../abi/vpci/resource.js';
import { encode } from '../../layout/codec.js';
import type { ValueOf } from '../../layout/types.js';
import { type Answer, type BusCore, type Handler, refuse, statusAnswer, withoutDescriptor } from './bus-core.js';
import { type BusFunction, slotNumber } from './bus-function.js';
import { grantInterrupt, type InterruptWish, type Remapped } from './interrupts.js';
import { readBody, type VpciRequest } from './request.js';
import { EMPTY_RANGE, rangeOf, rangesFit, resourceOf } from './resource-ranges.js';
import { STATUS_INVALID_DEVICE_STATE, STATUS_SUCCESS } from './statuses.js';

/** The BARs as they read after all ones. */
export const queryRequirements: Handler = (core, request) => {
  const body = readBody(pci_child_message, request);
  const made = body === undefined ? undefined : core.functions.get(slotNumber(body.wslot));
  if (made === undefined) return refuse(core, request, 'has no function');
  const hdr = { type: 0, offset8: 0, len8: 0, flags: 0, trans_id: 0n };
  const probed_bar = [...made.spec.device.barMasks];
  return withoutDescriptor(encode(pci_q_res_req_response, { hdr, status: STATUS_SUCCESS, probed_bar }));
};

/** The ranges of the last assignment; the answer has no status word. */
export const getResources: Handler = (core, request) => {
  const body = readBody(GetResources, request);
  const made = body === undefined ? undefined : core.functions.get(slotNumber(body.slot));
  if (made === undefined) return refuse(core, request, 'has no function');
  const descriptors = made.ranges.map((range) => (range === undefined ? EMPTY_RANGE : resourceOf(range)));
  return encode(PartialResourceList, { version: 1, revision: 1, count: descriptors.length, descriptors });
};

interface AssignedBody {
  readonly slot: ValueOf<typeof DeviceTranslate>['slot'];
  readonly mmio_resources: readonly ValueOf<typeof PartialResourceDescriptor>[];
  readonly msi_resource_count: number;
  readonly msi: readonly { readonly descriptor?: InterruptWish }[];
}

type ReplyOf = (fixed: ReplyFixed, msi: readonly Remapped[]) => Uint8Array;
interface ReplyFixed {
  readonly status: number;
  readonly slot: AssignedBody['slot'];
  readonly mmio_resources: ValueOf<typeof PartialResourceDescriptor>[];
  readonly msi_resource_count: number;
}

function assign(core: BusCore, request: VpciRequest, read: () => AssignedBody | undefined, reply: ReplyOf): Answer {
  // The count is looked at before the list is: it may claim more than anybody can hold.
  const fixed = readBody(DeviceTranslate, request);
  const few = fixed !== undefined && fixed.msi_resource_count <= vpciHostLimits.msiEntries;
  const body = few ? read() : undefined;
  // A list that ends early is read as far as it goes.
  if (body === undefined || body.msi.length !== body.msi_resource_count) return refuse(core, request, 'cannot be read');
  const made = core.functions.get(slotNumber(body.slot));
  if (made === undefined) return refuse(core, request, 'has no function');
  if (!core.inD0) return refuse(core, request, 'the bus is not in D0', STATUS_INVALID_DEVICE_STATE);
  const ranges = body.mmio_resources.map(rangeOf);
  if (!rangesFit(made.spec.device.barMasks, ranges)) return refuse(core, request, 'a range does not fit its BAR');
  const granted = grantAll(core, made, body);
  if (typeof granted === 'string') return refuse(core, request, granted);
  for (const [index, range] of ranges.entries()) {
    if (range === undefined || range === 'unknown') continue;
    made.spec.device.setBar(index, range.address);
    made.ranges[index] = range;
  }
  made.assigned = true;
  core.log.add({ what: 'assigned', slot: made.slot });
  if (core.shortAnswers) return statusAnswer(STATUS_SUCCESS);
  const { slot, msi_resource_count } = body;
  return reply({ status: STATUS_SUCCESS, slot, mmio_resources: [...body.mmio_resources], msi_resource_count }, granted);
}

/** All interrupts of a list or none of them. */
function grantAll(core: BusCore, made: BusFunction, body: AssignedBody): Remapped[] | string {
  const granted: Remapped[] = [];
  for (const { descriptor } of body.msi) {
    const one = descriptor === undefined ? 'no descriptor' : grantInterrupt(core, made, descriptor);
    if (typeof one !== 'string') {
      granted.push(one);
      continue;
    }
    for (const { vector_count, address, data } of granted)
      if (vector_count > 0) core.interrupts.remove(made.slot, address, data);
    return one;
  }
  return granted;
}

const firstReply: ReplyOf = (fixed, msi) => encode(AssignedResourcesReply, { ...fixed, msi: [...msi] });
/** The answer to the third form has the entries of the second: same contents, smaller stride than the request. */
const laterReply: ReplyOf = (fixed, msi) =>
  encode(AssignedResourcesReply2, { ...fixed, msi: msi.map((remapped) => ({ remapped })) });

export const assignResources: Handler = (core, request) =>
  assign(core, request, () => readBody(AssignedResources, request) as AssignedBody | undefined, firstReply);
export const assignResources2: Handler = (core, request) =>
  assign(core, request, () => readBody(AssignedResources2, request) as AssignedBody | undefined, laterReply);
export const assignResources3: Handler = (core, request) =>
  assign(core, request, () => readBody(AssignedResources3, request) as AssignedBody | undefined, laterReply);

/** Legal at any moment: a kernel that follows another sends it for every function it finds. */
export const releaseResources: Handler = (core, request) => {
  const body = readBody(pci_child_message, request);
  const made = body === undefined ? undefined : core.functions.get(slotNumber(body.wslot));
  if (made === undefined) return refuse(core, request, 'has no function');
  made.release();
  core.log.add({ what: 'released', slot: made.slot });
  return statusAnswer(STATUS_SUCCESS);
};
