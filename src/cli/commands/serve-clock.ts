import { readFileSync } from 'node:fs';

const DEFAULT_HZ = 2_600_000_000;
const HZ_PER_MHZ = 1_000_000;

/** Counts per second of this machine's time stamp counter, which an emulated guest sees as its own; a guess where nothing tells. */
export function hostTscHz(cpuInfo = readCpuInfo()): number {
  const named = /^model name\s*:.*@\s*([\d.]+)GHz/m.exec(cpuInfo)?.[1];
  if (named !== undefined) return Math.round(Number(named) * 1000) * HZ_PER_MHZ;
  const mhz = /^cpu MHz\s*:\s*([\d.]+)/m.exec(cpuInfo)?.[1];
  return mhz === undefined ? DEFAULT_HZ : Math.round(Number(mhz)) * HZ_PER_MHZ;
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
