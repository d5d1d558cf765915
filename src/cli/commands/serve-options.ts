import { vmbus_version } from '../../abi/vmbus/version.js';
import { vpciVersions } from '../../abi/vpci/protocol.js';
import type { Arch } from '../../layout/types.js';
import type { ScenarioName, ServedIommu } from '../../rig/serve/scenario-names.js';
import { CommandError } from '../exit.js';
import type { ColourChoice } from '../paint.js';

export interface ServeOptions {
  readonly monitor: string;
  readonly memory: string;
  readonly arch: Arch;
  readonly scenario: ScenarioName;
  readonly iommu?: ServedIommu;
  readonly vmbusMax?: number;
  readonly vpciMax?: number;
  readonly record?: string;
  readonly tscHz?: number;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
  readonly color: ColourChoice;
}

/** The scale of the reference TSC page, 2^64 times 10 MHz over this frequency, has 64 bits (TLFS, reference TSC page). */
const LOWEST_TSC_HZ = 10_000_001;

/** Throws CommandError for options that mean nothing, alone or together. */
export function checkServe({ arch, iommu, tscHz, vmbusMax, vpciMax, verbose, quiet }: ServeOptions): void {
  if (verbose === true && quiet === true)
    throw new CommandError('-v shows every event and -q none', 'leave one of them out');
  checkVersion('--vmbus-max', vmbusMax, Object.values<number>(vmbus_version));
  checkVersion(
    '--vpci-max',
    vpciMax,
    vpciVersions.map(({ version }) => version).filter((version) => version > 0x10000),
  );
  if (tscHz !== undefined && tscHz < LOWEST_TSC_HZ)
    throw new CommandError(
      `--tsc-hz ${tscHz}: too slow for reference time, which counts units of 100 ns`,
      `takes ${LOWEST_TSC_HZ} or more; without it, this machine's`,
    );
  if (arch === 'arm64' && iommu !== undefined && iommu !== 'off')
    throw new CommandError(`--iommu ${iommu}: guests have this IOMMU on x64 only`, 'leave --arch out, or --iommu');
}

function checkVersion(option: string, version: number | undefined, known: readonly number[]): void {
  if (version === undefined || known.includes(version)) return;
  const text = (word: number): string => `${word >>> 16}.${word & 0xffff}`;
  throw new CommandError(`${option} ${text(version)}: no such version`, `takes ${known.map(text).join(', ')}`);
}
