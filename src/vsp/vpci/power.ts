import { pci_bus_d0_entry } from '../../abi/vpci/bus.js';
import { DevicePowerChange, DevicePowerState } from '../../abi/vpci/openvmm-devices.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { type BusCore, type Handler, refuse, statusAnswer } from './bus-core.js';
import { slotNumber } from './bus-function.js';
import { sendRelations } from './relations.js';
import { readBody } from './request.js';
import { STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER, STATUS_SUCCESS } from './statuses.js';

/** A GPA has 52 bits. */
const GPA_END = 2n ** 52n;

/** Maps the configuration window; a bus that is in D0 already, as an earlier kernel of the guest left it, refuses. */
export const enterD0: Handler = (core, request) => {
  const body = readBody(pci_bus_d0_entry, request);
  if (body === undefined) return refuse(core, request, 'is too short');
  if (core.inD0) return refuse(core, request, 'the bus is in D0', STATUS_INVALID_DEVICE_STATE);
  const base = body.mmio_base & ~core.sharedGpaBit;
  if (base >= GPA_END || base % BigInt(HV_HYP_PAGE_SIZE) !== 0n)
    return refuse(core, request, 'the window is no page', STATUS_INVALID_PARAMETER);
  if (!core.window.map(core.port, Number(base)))
    return refuse(core, request, 'the window is taken', STATUS_INVALID_PARAMETER);
  core.inD0 = true;
  core.log.add({ what: 'd0-entry', mmioBase: Number(base) });
  for (const { spec } of core.functions.values()) spec.device.setPower(true);
  if (core.relationsAtD0 === 'always' || (core.relationsAtD0 === 'unless-told' && !core.told)) sendRelations(core);
  return statusAnswer(STATUS_SUCCESS);
};

/** Whatever state the bus is in: twice does no harm. Resources are released with it. */
export const exitD0: Handler = (core) => {
  const undeleted = powerDown(core);
  core.log.add({ what: 'd0-exit', undeleted });
  return statusAnswer(STATUS_SUCCESS);
};

/** Leaves D0; returns the interrupts that the guest had not deleted. */
export function powerDown(core: BusCore): number {
  core.window.unmap();
  for (const made of core.functions.values()) made.release();
  core.inD0 = false;
  const undeleted = core.interrupts.clear();
  core.undeleted += undeleted;
  return undeleted;
}

export const changePower: Handler = (core, request) => {
  const body = readBody(DevicePowerChange, request);
  const made = body === undefined ? undefined : core.functions.get(slotNumber(body.slot));
  if (body === undefined || made === undefined) return refuse(core, request, 'has no function');
  const { target_state } = body;
  if (target_state !== DevicePowerState.D0 && target_state !== DevicePowerState.D3)
    return refuse(core, request, `power state ${target_state}`);
  const on = target_state === DevicePowerState.D0;
  made.spec.device.setPower(on);
  core.log.add({ what: 'power', slot: made.slot, on });
  return statusAnswer(STATUS_SUCCESS);
};
