import { NO_VENDOR, PCI_HEADER_MULTI_FUNCTION, PCI_HEADER_TYPE } from '../../hardware/pci-config.js';
import { DONE, type Outcome } from '../../ports/outcome.js';
import { type Routine, type Running, start } from '../../sched/routine.js';
import { Mutex } from '../../sched/sync.js';
import type { InterruptService } from '../vpci-interrupts/interrupt-service.js';
import { assignBars, sizeBars } from './bars.js';
import { FunctionConfig } from './function-config.js';
import { PciBus } from './pci-bus.js';
import type { BoundFunction, PciDriver } from './pci-driver.js';
import { PciFunction } from './pci-function.js';
import type { RootBusOptions } from './root-bus-options.js';

const DEVICES = 32;
const FUNCTIONS = 8;

/** Runs when a function is added, before its driver: what an IOMMU does there it does at once (LDID-12). */
export type AddNotifier = (fn: PciFunction) => void;

interface Binding {
  readonly driver: PciDriver;
  readonly probe: Running<Outcome<BoundFunction>>;
}

/**
 * The guest's PCI core, as far as root buses without bridges go: finds functions, gives their BARs addresses, binds drivers.
 * Drivers probe in tasks of their own, as Linux's NVMe driver does; a removal waits for a probe that still runs.
 */
export class PciCore {
  /** Held while buses are scanned, changed and removed (pci_lock_rescan_remove). */
  readonly rescanLock = new Mutex();
  private readonly service: InterruptService;
  private readonly drivers: PciDriver[] = [];
  private readonly notifiers: AddNotifier[] = [];
  private readonly removeNotifiers: ((fn: PciFunction) => void)[] = [];
  private readonly bindings = new Map<PciFunction, Binding>();

  constructor(service: InterruptService) {
    this.service = service;
  }

  /** Drivers are asked in the order of their registration. */
  register(driver: PciDriver): void {
    this.drivers.push(driver);
  }

  onAdd(notifier: AddNotifier): void {
    this.notifiers.push(notifier);
  }

  /** Runs when a function goes, behind its driver (PVI-27). */
  onRemove(notifier: (fn: PciFunction) => void): void {
    this.removeNotifiers.push(notifier);
  }

  /** Functions with a driver, of all buses. */
  get bound(): number {
    let count = 0;
    for (const { probe } of this.bindings.values()) if (probe.done && probe.value.ok) count++;
    return count;
  }

  /** What a function's driver made of it; undefined while it probes and where it refused. */
  boundTo(fn: PciFunction): BoundFunction | undefined {
    const probe = this.bindings.get(fn)?.probe;
    return probe?.done && probe.value.ok ? probe.value.value : undefined;
  }

  /** Waits for every probe that runs. */
  *settle(): Routine {
    for (const { probe } of [...this.bindings.values()]) yield* probe.join();
  }

  /** Puts every driver's device to sleep, before the buses go; the first refusal ends it. */
  *suspend(): Routine<Outcome> {
    yield* this.settle();
    for (const bound of this.boundFunctions()) {
      const put = bound.suspend === undefined ? DONE : yield* bound.suspend();
      if (!put.ok) return put;
    }
    return DONE;
  }

  /** Wakes them, behind the buses; the first failure is what comes back, and the others are woken all the same. */
  *resume(): Routine<Outcome> {
    let first: Outcome = DONE;
    for (const bound of this.boundFunctions()) {
      const back = bound.resume === undefined ? DONE : yield* bound.resume();
      if (!back.ok && first.ok) first = back;
    }
    return first;
  }

  makeBus(options: RootBusOptions): PciBus {
    return new PciBus(options);
  }

  /**
   * Looks for functions that the bus does not have yet (pci_scan_child_bus): functions above 0 only where function 0 says that
   * there are some.
   */
  scan(bus: PciBus): PciFunction[] {
    const found: PciFunction[] = [];
    for (let device = 0; device < DEVICES; device++) {
      let last = 1;
      for (let number = 0; number < last; number++) {
        const devfn = (device << 3) | number;
        const there = bus.functions.get(devfn);
        const config = new FunctionConfig(bus.config, devfn);
        const id = config.read(0, 4) >>> 0;
        if ((id & 0xffff) === NO_VENDOR || id === 0) continue;
        if (number === 0 && (config.read(PCI_HEADER_TYPE, 1) & PCI_HEADER_MULTI_FUNCTION) !== 0) last = FUNCTIONS;
        if (there !== undefined) continue;
        const fn = new PciFunction(this.service, bus, config, id, sizeBars(config));
        bus.functions.set(devfn, fn);
        found.push(fn);
      }
    }
    return found;
  }

  /** Gives the BARs of new functions addresses. False when there is no room for one of them; it has no address then. */
  assign(bus: PciBus, functions: readonly PciFunction[]): boolean {
    const fresh = new Set(functions);
    const taken = [...bus.functions.values()].filter((fn) => !fresh.has(fn)).flatMap((fn) => fn.bars);
    const failed = assignBars(functions, bus.windows, taken);
    for (const bar of failed)
      this.service.machine.log({
        level: 'warn',
        code: 'pci-bar-without-room',
        fields: { domain: bus.domain, bar: bar.index },
      });
    return failed.length === 0;
  }

  /** Makes functions known to IOMMU and drivers (pci_bus_add_devices). */
  add(functions: readonly PciFunction[]): void {
    for (const fn of functions) {
      for (const notifier of this.notifiers) notifier(fn);
      const driver = this.drivers.find((one) => one.matches(fn.identity));
      if (driver === undefined) continue;
      this.bindings.set(fn, { driver, probe: start(this.service.machine.queue, driver.probe(fn)) });
    }
  }

  /** Takes a function off its bus: its driver first (pci_stop_and_remove_bus_device). False when it is not there. */
  *remove(bus: PciBus, devfn: number): Routine<boolean> {
    const fn = bus.functions.get(devfn);
    if (fn === undefined) return false;
    const binding = this.bindings.get(fn);
    if (binding !== undefined) {
      const outcome = yield* binding.probe.join();
      if (outcome.ok) yield* outcome.value.remove();
      this.bindings.delete(fn);
    }
    // A driver that failed to probe, or forgot, leaves no interrupt behind.
    fn.interrupts.free();
    for (const notifier of this.removeNotifiers) notifier(fn);
    fn.isPresent = false;
    bus.functions.delete(devfn);
    return true;
  }

  /** Takes all functions of a bus away. */
  *removeBus(bus: PciBus): Routine {
    for (const devfn of [...bus.functions.keys()].sort((a, b) => b - a)) yield* this.remove(bus, devfn);
  }

  private boundFunctions(): BoundFunction[] {
    const all = [...this.bindings.values()].map(({ probe }) => probe);
    return all.flatMap((probe) => (probe.done && probe.value.ok ? [probe.value.value] : []));
  }
}
