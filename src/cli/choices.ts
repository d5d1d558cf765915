import { vpciVersions } from '../abi/vpci/protocol.js';
import { allLayouts } from '../capture/names.js';
import { HEX_DIALECTS } from '../files/hex-image.js';
import { concrete } from '../layout/group.js';
import { CommandError } from './exit.js';

/** What `--format` takes; `jsonl` and `hex` are the common words for a trace and for any dialect of hex text. */
export const FORMATS: readonly string[] = ['trace', 'jsonl', 'pages', 'raw', 'hex', ...HEX_DIALECTS];

/** Throws CommandError for a format that nothing reads. */
export function checkFormat(format: string | undefined): void {
  if (format === undefined || FORMATS.includes(format)) return;
  throw new CommandError(`there is no format ${JSON.stringify(format)}`, `formats: ${FORMATS.join(', ')}`);
}

/** Throws CommandError for an ABI version that no declaration has. */
export function checkAbi(abi: string | undefined): void {
  if (abi === undefined) return;
  const versions = new Set<string>();
  for (const layout of allLayouts)
    for (const { version } of concrete(layout)) if (version !== '') versions.add(version);
  if (versions.has(abi)) return;
  throw new CommandError(
    `there is no ABI version ${JSON.stringify(abi)}`,
    `versions: ${[...versions].sort().join(', ')}`,
  );
}

/** Throws CommandError for a version of vPCI that no source knows. */
export function checkProto(proto: number | undefined): void {
  if (proto === undefined || vpciVersions.some(({ version }) => version === proto)) return;
  throw new CommandError(
    `--proto ${versionText(proto)}: no such version`,
    `takes ${vpciVersions.map(({ version }) => versionText(version)).join(', ')}`,
  );
}

const versionText = (version: number): string => `${version >>> 16}.${version & 0xffff}`;
