import type { DmaMode } from '../../guest/pv-iommu/dma-mapping.js';
import type { Arch } from '../../layout/types.js';
import type { IommuKind, SimulationName } from '../../rig/simulate/names.js';
import { PROTOCOLS } from '../../rig/simulate/simulations.js';
import { CommandError } from '../exit.js';
import type { ColourChoice } from '../paint.js';

export interface SimulateCommandOptions {
  readonly arch: Arch;
  readonly seed?: number;
  readonly seeds?: number;
  readonly workers?: boolean;
  readonly proto?: number;
  readonly iommu?: IommuKind;
  readonly dma?: DmaMode;
  readonly record?: string;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
  readonly color: ColourChoice;
}

/** Scenarios without a virtual PCI bus: their devices are the machine's own, and their IOMMU is not one in front of a guest's disks. */
const WITHOUT_BUS: ReadonlySet<SimulationName> = new Set(['root-passthrough', 'root-low-memory', 'iommufd-events']);
/** Words of the generator that a seed starts. */
const HIGHEST_SEED = 0xffff_ffff;

/** Throws CommandError for options that mean nothing together, or nothing to the scenario. */
export function checkSimulate(name: SimulationName, options: SimulateCommandOptions): void {
  if (options.verbose === true && options.quiet === true)
    throw new CommandError('-v shows every event and -q none', 'leave one of them out');
  checkVersion(name, options);
  checkOrder(options);
  checkRecord(name, options);
  checkIommu(name, options);
}

function checkVersion(name: SimulationName, { proto }: SimulateCommandOptions): void {
  if (proto === undefined) return;
  if (WITHOUT_BUS.has(name))
    throw new CommandError(`--proto: ${name} has no virtual PCI bus, whose version it is`, 'leave --proto out');
  if (!PROTOCOLS.includes(proto))
    throw new CommandError(
      `--proto ${versionText(proto)}: no such version`,
      `takes ${PROTOCOLS.map(versionText).join(', ')}`,
    );
}

function checkOrder({ seed, seeds, workers }: SimulateCommandOptions): void {
  if (workers === true && (seed !== undefined || seeds !== undefined))
    throw new CommandError(
      '--workers runs in real time, where no seed decides the order',
      'leave --seed and --seeds out',
    );
  if (seeds === 0) throw new CommandError('--seeds 0: no order to run', 'takes a count from 1 on');
  if (seed !== undefined && seed > HIGHEST_SEED)
    throw new CommandError(`--seed ${seed}: too large`, `a seed has 32 bits: takes 0 to ${HIGHEST_SEED}`);
  if (seeds !== undefined && (seed ?? 1) + seeds - 1 > HIGHEST_SEED)
    throw new CommandError(
      `--seeds ${seeds}: there are not so many from --seed ${seed ?? 1} on`,
      `a seed has 32 bits: the last is ${HIGHEST_SEED}`,
    );
}

function checkRecord(name: SimulationName, { seeds, proto, record }: SimulateCommandOptions): void {
  if (record === undefined) return;
  if (seeds !== undefined)
    throw new CommandError('--record keeps one run, and --seeds makes many', 'name the one with --seed');
  if (name === 'protocols' && proto === undefined)
    throw new CommandError('--record keeps one run, and protocols makes four', 'name the one with --proto');
}

function checkIommu(name: SimulationName, { arch, iommu, dma }: SimulateCommandOptions): void {
  const given = iommu !== undefined ? `--iommu ${iommu}` : `--dma ${dma}`;
  const asks = iommu !== undefined || dma !== undefined;
  if (asks && WITHOUT_BUS.has(name))
    throw new CommandError(`${given}: ${name} has an IOMMU of its own`, `leave ${named(iommu, dma)} out`);
  if (arch === 'arm64' && name === 'pviommu' && !asks)
    throw new CommandError(
      'pviommu --arch arm64: guests have this IOMMU on x64 only',
      'leave --arch out; --iommu off is the same disk without an IOMMU',
    );
  if (arch === 'arm64' && asks && iommu !== 'off')
    throw new CommandError(`${given}: guests have this IOMMU on x64 only`, `leave --arch out, or ${named(iommu, dma)}`);
  if (iommu === 'blocked' && name !== 'pviommu')
    throw new CommandError(`--iommu blocked: ${name} needs its disks`, 'pviommu shows a disk that is blocked');
  if (dma !== undefined && iommu !== undefined && iommu !== 'paging')
    throw new CommandError(
      `--dma ${dma}: with --iommu ${iommu} nothing is mapped that could be unmapped`,
      'leave --dma out, or take --iommu paging',
    );
}

function named(iommu: unknown, dma: unknown): string {
  if (iommu === undefined) return '--dma';
  return dma === undefined ? '--iommu' : '--iommu and --dma';
}

/** A version as people write it. */
export function versionText(version: number): string {
  return `${version >>> 16}.${version & 0xffff}`;
}
