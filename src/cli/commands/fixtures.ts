import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fixture, generateFixtures } from '../../fixtures/generate.js';
import { terminalText } from '../terminal-text.js';
import { plural } from '../tree/numbers.js';
import { Writer } from '../writer.js';

export interface FixturesOptions {
  readonly for: 'json' | 'hex';
  readonly seed: number;
}

/** `hvabi fixtures generate`: a file per declaration (json) or per value (hex), and manifest.json that lists every value. */
export function runFixtures(folder: string, options: FixturesOptions): number {
  const manifest: string[] = [];
  const groups = new Map<string, Fixture[]>();
  for (const fixture of generateFixtures({ seed: options.seed })) {
    const stem = [
      fixture.name,
      fixture.side,
      fixture.source,
      fixture.arch === 'any' ? undefined : fixture.arch,
      fixture.version || undefined,
    ]
      .filter((part) => part !== undefined)
      .join('.');
    const file =
      options.for === 'json' ? `${fixture.kind}/${stem}.json` : `${fixture.kind}/${stem}.${fixture.case}.hex`;
    groups.set(file, [...(groups.get(file) ?? []), fixture]);
    const { hex, value, ...head } = fixture;
    manifest.push(JSON.stringify({ ...head, file, bytes: hex, value }));
  }
  for (const kind of ['struct', 'hypercall', 'message']) mkdirSync(join(folder, kind), { recursive: true });
  for (const [file, fixtures] of groups)
    writeFileSync(join(folder, file), options.for === 'json' ? jsonText(fixtures) : `${fixtures[0]!.hex}\n`);
  writeFileSync(join(folder, 'manifest.json'), `[\n${manifest.join(',\n')}\n]\n`);
  const writer = new Writer();
  writer.line(
    `${plural(manifest.length, 'value')} in ${plural(groups.size, 'file')} and manifest.json below ${terminalText(folder)}`,
  );
  writer.flush();
  return 0;
}

function jsonText(fixtures: readonly Fixture[]): string {
  const { kind, name, struct, arch, version, side, source } = fixtures[0]!;
  const cases = fixtures.map(({ case: label, control, hex, value }) => ({
    case: label,
    ...(control ? { control } : {}),
    hex,
    value,
  }));
  return `${JSON.stringify({ kind, name, struct, arch, version, ...(side ? { side } : {}), ...(source ? { source } : {}), cases }, undefined, 2)}\n`;
}
