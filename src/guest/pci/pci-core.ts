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

/** A function and its driver. */
interface Binding {
  readonly driver: PciDriver;
  readonly probe: Running<Outcome<BoundFunction>>;
  /** Held while the driver suspends, resumes or lets go (device_lock). */
  readonly lock: Mutex;
  isAsleep: boolean;
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
  /** Functions that came while the devices sleep: their drivers probe when they wake (device_block_probing). */
  private readonly deferred = new Set<PciFunction>();
  private isAsleep = false;

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

  /**
   * Puts every driver's device to sleep, before the buses go. The first refusal ends it: what sleeps already is woken then.
   * Functions that come meanwhile wait for their drivers until resume().
   */
  *suspend(): Routine<Outcome> {
    this.isAsleep = true;
    yield* this.settle();
    for (const fn of [...this.bindings.keys()]) {
      const put = yield* this.whileBound(fn, function* (binding, bound) {
        const outcome = bound.suspend === undefined ? DONE : yield* bound.suspend();
        binding.isAsleep = outcome.ok;
        return outcome;
      });
      if (put.ok) continue;
      yield* this.resume();
      return put;
    }
    return DONE;
  }

  /** Wakes those that sleep, behind the buses; the first failure is what comes back, and the others are woken all the same. */
  *resume(): Routine<Outcome> {
    let first: Outcome = DONE;
    for (const fn of [...this.bindings.keys()]) {
      const back = yield* this.whileBound(fn, function* (binding, bound) {
        if (!binding.isAsleep) return DONE;
        binding.isAsleep = false;
        return bound.resume === undefined ? DONE : yield* bound.resume();
      });
      if (!back.ok && first.ok) first = back;
    }
    this.isAsleep = false;
    const waiting = [...this.deferred];
    this.deferred.clear();
    for (const fn of waiting) this.bind(fn);
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
      if (this.isAsleep) this.deferred.add(fn);
      else this.bind(fn);
    }
  }

  /** Takes a function off its bus: its driver first (pci_stop_and_remove_bus_device). False when it is not there. */
  *remove(bus: PciBus, devfn: number): Routine<boolean> {
    const fn = bus.functions.get(devfn);
    if (fn === undefined) return false;
    this.deferred.delete(fn);
    const binding = this.bindings.get(fn);
    if (binding !== undefined) {
      const outcome = yield* binding.probe.join();
      yield* binding.lock.lock();
      if (outcome.ok) yield* outcome.value.remove();
      this.bindings.delete(fn);
      binding.lock.unlock();
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

  private bind(fn: PciFunction): void {
    const driver = this.drivers.find((one) => one.matches(fn.identity));
    if (driver === undefined) return;
    const probe = start(this.service.machine.queue, driver.probe(fn));
    this.bindings.set(fn, { driver, probe, lock: new Mutex(), isAsleep: false });
  }

  /** Does something with a function's driver that its removal waits for; nothing where it has none, or none any more. */
  private *whileBound(
    fn: PciFunction,
    act: (binding: Binding, bound: BoundFunction) => Routine<Outcome>,
  ): Routine<Outcome> {
    const binding = this.bindings.get(fn);
    if (binding === undefined) return DONE;
    yield* binding.lock.lock();
    const bound = this.bindings.get(fn) === binding ? this.boundTo(fn) : undefined;
    const outcome = bound === undefined ? DONE : yield* act(binding, bound);
    binding.lock.unlock();
    return outcome;
  }
}
