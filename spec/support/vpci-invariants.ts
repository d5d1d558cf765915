import type { VpciRig } from '../guest/vpci/vpci-rig.js';

/** What a guest and a host still have of a virtual PCI bus that is removed, or was never brought up (VPCI-84): nothing. */
export function leaksOf(rig: VpciRig): string[] {
  const { guest, driver, domains, ids, core, functionDriver, channel, bus, router } = rig;
  const counts: Readonly<Record<string, number>> = {
    'page frames': rig.freeFrames - guest.frames.free,
    'windows of device space': guest.space.taken,
    'domain numbers': domains.taken,
    'logical device ids': ids.size,
    buses: driver.buses.length,
    'bound functions': core.bound + functionDriver.bound.length,
    'vectors of CPUs': guest.vectors.reduce((sum, { size }) => sum + size, 0),
    'requests in flight': channel.requests.outstanding,
    'open channels': channel.isOpen ? 1 : 0,
    'interrupts of the host': router.given.size + bus.leaks().interrupts,
    'windows of the host': rig.mapped.size + bus.leaks().windows,
    'held locks': core.rescanLock.held ? 1 : 0,
  };
  return Object.entries(counts)
    .filter(([, count]) => count !== 0)
    .map(([what, count]) => `${count} ${what}`);
}
