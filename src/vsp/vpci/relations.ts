import { pci_message_type } from '../../abi/vpci/message.js';
import { ProtocolVersion, QueryBusRelations, QueryBusRelations2 } from '../../abi/vpci/openvmm-devices.js';
import { encode } from '../../layout/codec.js';
import type { BusCore, Handler } from './bus-core.js';
import { type BusFunction, slotWord } from './bus-function.js';

/** Tells the guest the functions there are, in the form of the version agreed on. */
export function sendRelations(core: BusCore): void {
  const functions = [...core.functions.values()].sort((a, b) => a.slot - b.slot);
  const form = core.version! >= ProtocolVersion.VB ? 2 : 1;
  core.log.add({ what: 'relations', form, slots: functions.map(({ slot }) => slot) });
  core.told = true;
  const payload = form === 2 ? secondForm(functions) : firstForm(functions);
  core.outbox.send({ kind: 'in-band', payload });
}

/** The answer is the relations packet; the completion, where one was asked for, is empty. */
export const queryRelations: Handler = (core) => {
  sendRelations(core);
  return new Uint8Array(0);
};

function firstForm(functions: readonly BusFunction[]): Uint8Array {
  return encode(QueryBusRelations, {
    message_type: pci_message_type.PCI_BUS_RELATIONS,
    device_count: functions.length,
    device: functions.map(description),
  });
}

function secondForm(functions: readonly BusFunction[]): Uint8Array {
  return encode(QueryBusRelations2, {
    message_type: pci_message_type.PCI_BUS_RELATIONS2,
    device_count: functions.length,
    device: functions.map((made) => ({
      ...description(made),
      flags: { numa_affinity_specified: made.spec.numaNode !== undefined, reserved: 0 },
      numa_node: made.spec.numaNode ?? 0,
    })),
  });
}

function description({ spec, slot }: BusFunction) {
  const { identity } = spec.device;
  return {
    pnp_id: {
      vendor_id: identity.vendorId,
      device_id: identity.deviceId,
      revision_id: identity.revision,
      prog_if: identity.progIf,
      sub_class: identity.subclass,
      base_class: identity.baseClass,
      sub_vendor_id: identity.subsystemId & 0xffff,
      sub_system_id: identity.subsystemId >>> 16,
    },
    slot: slotWord(slot),
    serial_num: spec.serial,
  };
}
