import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.js';
import { viewOf } from '../../../src/bytes/span.js';
import type { BusWindow } from '../../../src/guest/pci/bars.js';
import type { ConfigAccess } from '../../../src/guest/pci/function-config.js';
import { PciCore } from '../../../src/guest/pci/pci-core.js';
import type { RootBusOptions } from '../../../src/guest/pci/root-bus-options.js';
import { MessageComposer } from '../../../src/guest/vpci-interrupts/compose.js';
import type { IrqArch } from '../../../src/guest/vpci-interrupts/irq-arch.js';
import type { InterruptMessage } from '../../../src/ports/host-port.js';
import type { DevicePort, PciDevice } from '../../../src/vsp/pci/pci-device.js';
import { capturedHost, FakeBus } from '../vpci-interrupts/fake-bus.js';
import type { FakeGuest } from './fake-guest.js';

export interface Route {
  vector: number;
  vps: readonly number[];
}

/**
 * Functions on a bus of their own under a fake guest: config accesses and messages reach the devices at once, creates and
 * retargets fill a table as a hypervisor's.
 */
export class FakeSlotBus {
  readonly bus: FakeBus;
  readonly core: PciCore;
  readonly composer: MessageComposer;
  /** By data of the message. */
  readonly routes = new Map<number, Route>();
  readonly devices = new Map<number, PciDevice>();
  /** Creates, deletes and inputs of retargets in hex, in their order. */
  readonly order: string[] = [];
  /** Config accesses: `r4 0x1c` or `w2 0x04 0x406`. */
  readonly accesses: string[] = [];
  private readonly guest: FakeGuest;

  constructor(guest: FakeGuest, arch: IrqArch) {
    this.guest = guest;
    this.bus = new FakeBus(guest);
    this.composer = new MessageComposer(guest, arch);
    this.core = new PciCore({ machine: guest, arch, composer: this.composer });
    const host = capturedHost();
    this.bus.channel.answer = (payload) => {
      this.order.push(payload);
      const answer = host(payload);
      this.follow(payload, answer);
      return answer;
    };
    guest.answer = ({ control, input }) => {
      const view = viewOf(input);
      this.order.push(bytesToHex(input, 0, 56 + 8 * Number((control >> 17n) & 0x3ffn)));
      const route = this.routes.get(view.getUint32(28, true));
      if (route === undefined) return 5;
      route.vector = view.getUint32(40, true);
      route.vps = vpsOf(view);
      return 0;
    };
  }

  /** What a device stands on; its messages come in as interrupts a moment later. */
  get port(): DevicePort {
    const { guest } = this;
    const raise = ({ data }: InterruptMessage): boolean => {
      const route = this.routes.get(data);
      const cpu = guest.cpus.find(({ gate }) => gate.vp === route?.vps[0])?.cpu;
      if (route === undefined || cpu === undefined) return false;
      guest.queue.post(() => {
        if (!guest.interrupt(route.vector, cpu)) this.spurious++;
      });
      return true;
    };
    return {
      memory: guest.memory,
      queue: guest.queue,
      trace: { event: () => undefined },
      interrupts: {
        raise,
        create: () => undefined,
        remove: () => false,
        removeAll: () => 0,
        outstanding: () => 0,
      },
      mapWindow(gpa, length, device) {
        guest.map(gpa, length, device);
        return { gpa, length, unmap: () => guest.unmap(gpa) };
      },
    };
  }

  /** Interrupts that nobody handled. */
  spurious = 0;

  get options(): RootBusOptions {
    const window: BusWindow = { start: 0xfe0000000n, last: 0xfe000ffffn };
    const config: ConfigAccess = {
      read: (devfn, where, size) => {
        const device = this.devices.get(devfn);
        if (where > 3) this.accesses.push(`r${size} 0x${where.toString(16)}`);
        return device?.readConfig(where, size) ?? 0xffffffff;
      },
      write: (devfn, where, size, value) => {
        this.accesses.push(`w${size} 0x${where.toString(16)} 0x${value.toString(16)}`);
        this.devices.get(devfn)?.writeConfig(where, size, value);
      },
    };
    return { domain: 0x37a9, config, windows: [window], interrupts: this.bus };
  }

  private follow(payload: string, answer: string | undefined): void {
    const view = viewOf(hexToBytes(payload));
    if (answer === undefined) {
      const first = view.getUint32(12, true);
      for (let i = 0; i < view.getUint16(10, true); i++) this.routes.delete(first + i);
      return;
    }
    const wide = view.getUint32(0, true) === 0x4249001b;
    const vector = wide ? view.getUint32(8, true) : view.getUint8(8);
    const vp = wide ? view.getUint16(18, true) : 0;
    const reply = viewOf(hexToBytes(answer));
    for (let i = 0; i < reply.getUint16(10, true); i++)
      this.routes.set(reply.getUint32(12, true) + i, { vector: vector + i, vps: [vp] });
  }
}

/** VPs of a retarget's input: a mask of the first 64, or a sparse set. */
function vpsOf(view: DataView): number[] {
  const vps: number[] = [];
  const put = (bank: number, bits: bigint): void => {
    for (let bit = 0; bit < 64; bit++) if ((bits >> BigInt(bit)) & 1n) vps.push(bank * 64 + bit);
  };
  if (view.getUint32(44, true) === 0) put(0, view.getBigUint64(48, true));
  else {
    const mask = view.getBigUint64(56, true);
    let at = 64;
    for (let bank = 0; bank < 64; bank++) {
      if (((mask >> BigInt(bank)) & 1n) === 0n) continue;
      put(bank, view.getBigUint64(at, true));
      at += 8;
    }
  }
  return vps;
}
