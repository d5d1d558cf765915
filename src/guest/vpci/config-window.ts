import { hv_mmio_read_input, hv_mmio_write_input } from '../../abi/hv/mmio.js';
import { HVCALL_MMIO_READ, HVCALL_MMIO_WRITE } from '../../abi/hypercalls/mmio.js';
import { vpci_limits } from '../../abi/vpci/resource.js';
import { viewOf } from '../../bytes/span.js';
import { hiOf, loOf } from '../../bytes/word.js';
import type { AccessSize } from '../../hardware/pci-config.js';
import { controlWord } from '../../hypercall/words.js';
import { encode } from '../../layout/codec.js';
import type { GuestCpu, GuestMachine } from '../machine/guest-machine.js';

const { CFG_PAGE_OFFSET } = vpci_limits;
/** Bytes of data in a call, whatever its size field says. */
const DATA_BYTES = 64;
const READ_CONTROL = controlWord({ code: HVCALL_MMIO_READ.code });
const WRITE_CONTROL = controlWord({ code: HVCALL_MMIO_WRITE.code });

/** How device space is reached: by an access that exits, or by a call (VPCI-43). */
interface SpaceAccess {
  read(gpa: number, size: AccessSize): number;
  write(gpa: number, size: AccessSize, value: number): void;
}

/**
 * The two pages of device space through which the host shows configuration space: the slot on the first, that slot's space on
 * the second. Choosing a slot and the access behind it are one step: neither waits, so that no other access comes between
 * (VPCI-41).
 */
export class ConfigWindow {
  readonly gpa: number;
  private readonly access: SpaceAccess;

  constructor(machine: GuestMachine, gpa: number, isConfidential: boolean) {
    this.gpa = gpa;
    this.access = isConfidential ? new SpaceByCall(machine) : new SpaceByAccess(machine);
  }

  /** All ones where no function or no window is. */
  read(slot: number, where: number, size: AccessSize): number {
    this.access.write(this.gpa, 4, slot);
    return this.access.read(this.gpa + CFG_PAGE_OFFSET + where, size);
  }

  write(slot: number, where: number, size: AccessSize, value: number): void {
    this.access.write(this.gpa, 4, slot);
    this.access.write(this.gpa + CFG_PAGE_OFFSET + where, size, value);
  }

  /** The vendor id as the host has it now, not as it was described: how a device that is gone is noticed (VPCI-45). */
  readVendor(slot: number): number {
    return this.read(slot, 0, 2);
  }
}

function onlineCpu(machine: GuestMachine): GuestCpu {
  return machine.cpus.find((cpu) => cpu.online) ?? machine.cpus[0]!;
}

class SpaceByAccess implements SpaceAccess {
  private readonly machine: GuestMachine;

  constructor(machine: GuestMachine) {
    this.machine = machine;
  }

  read(gpa: number, size: AccessSize): number {
    return Number(onlineCpu(this.machine).gate.mmioRead(gpa, size));
  }

  write(gpa: number, size: AccessSize, value: number): void {
    onlineCpu(this.machine).gate.mmioWrite(gpa, size, BigInt(value >>> 0));
  }
}

class SpaceByCall implements SpaceAccess {
  private readonly machine: GuestMachine;

  constructor(machine: GuestMachine) {
    this.machine = machine;
  }

  read(gpa: number, size: AccessSize): number {
    const { cpu, gate } = onlineCpu(this.machine);
    // Built before the page is taken (COM-03).
    const input = encode(hv_mmio_read_input, { gpa: BigInt(gpa), size });
    return this.machine.pages.withInputPage(cpu, input.length, DATA_BYTES, (area) => {
      copyIn(area.input, input);
      gate.hypercall(loOf(READ_CONTROL), hiOf(READ_CONTROL), area.inputGpa, area.outputGpa);
      if (this.isRefused(gate.resultLo, gpa)) return 2 ** (size * 8) - 1;
      if (size === 4) return area.output.getUint32(0, true);
      return size === 2 ? area.output.getUint16(0, true) : area.output.getUint8(0);
    });
  }

  write(gpa: number, size: AccessSize, value: number): void {
    const { cpu, gate } = onlineCpu(this.machine);
    const data = new Uint8Array(DATA_BYTES);
    viewOf(data).setUint32(0, size === 4 ? value : value & (2 ** (size * 8) - 1), true);
    const input = encode(hv_mmio_write_input, { gpa: BigInt(gpa), size, data });
    this.machine.pages.withInputPage(cpu, input.length, 0, (area) => {
      copyIn(area.input, input);
      gate.hypercall(loOf(WRITE_CONTROL), hiOf(WRITE_CONTROL), area.inputGpa, 0);
      this.isRefused(gate.resultLo, gpa);
    });
  }

  private isRefused(resultLo: number, gpa: number): boolean {
    const status = resultLo & 0xffff;
    if (status === 0) return false;
    this.machine.log({ level: 'error', code: 'vpci-config-call-refused', fields: { gpa, status } });
    return true;
  }
}

function copyIn(area: DataView, bytes: Uint8Array): void {
  new Uint8Array(area.buffer, area.byteOffset, bytes.length).set(bytes);
}
