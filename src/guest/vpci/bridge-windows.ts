import { DONE, failure, type Outcome } from '../../ports/outcome.js';
import { highestPower, probedBars } from './bars.js';
import type { VirtualBus } from './virtual-bus.js';

/** Bytes of the BARs of all functions: those of 32 bits, and those of 64 (VPCI-32). */
export function sumBars(bus: VirtualBus): { low: bigint; high: bigint } {
  const sum = { low: 0n, high: 0n };
  for (const { probedBars: registers, slot } of bus.children)
    for (const { size, is64 } of probedBars(registers, (bar) => bus.log('error', 'vpci-io-bar', { slot, bar })))
      sum[is64 ? 'high' : 'low'] += size;
  return sum;
}

/** Takes device space for all BARs, below and from 4 GiB up: all of it or none, ENOMEM then (VPCI-14). */
export function takeWindows(bus: VirtualBus): Outcome {
  const { space } = bus.settings.machine;
  const sum = sumBars(bus);
  for (const where of ['low', 'high'] as const) {
    const bytes = sum[where];
    if (bytes === 0n) continue;
    // What no address space has is no number either.
    const fits = bytes <= BigInt(Number.MAX_SAFE_INTEGER);
    const gpa = fits ? space.take(Number(bytes), Number(highestPower(bytes)), where) : undefined;
    if (gpa === undefined) {
      bus.log('error', 'vpci-no-device-space', { where, bytes });
      giveWindows(bus);
      return failure('ENOMEM');
    }
    bus.windows.push({ where, gpa, bytes });
  }
  return DONE;
}

export function giveWindows(bus: VirtualBus): void {
  for (const { gpa } of bus.windows.splice(0)) bus.settings.machine.space.give(gpa);
}
