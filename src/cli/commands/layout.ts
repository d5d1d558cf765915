import { AbiError } from '../../bytes/errors.js';
import { allLayouts, requireName } from '../../capture/names.js';
import { concrete, type Layout } from '../../layout/group.js';
import { rows } from '../../layout/rows.js';
import type { Arch, NamedType } from '../../layout/types.js';
import { CommandError } from '../exit.js';
import { paholeText } from '../pahole/text.js';
import { type ColourChoice, type Paint, paintFor } from '../paint.js';
import { Writer } from '../writer.js';

export interface LayoutOptions {
  readonly all?: boolean;
  readonly arch?: Arch;
  readonly abi?: string;
  readonly expand?: boolean;
  readonly json?: boolean;
  readonly color: ColourChoice;
}

interface Found {
  readonly type: NamedType;
  readonly arch: Arch | 'any';
  readonly version: string;
  /** What the struct is to the call or message asked for. */
  readonly role?: string;
}

/** `hvabi layout`. */
export function runLayout(name: string | undefined, options: LayoutOptions): number {
  if ((name === undefined) !== (options.all === true))
    throw new CommandError('takes a name, or --all', 'hvabi list structs prints every name');
  const found = name === undefined ? [...new Set(allLayouts)].flatMap((layout) => [...concrete(layout)]) : named(name);
  const chosen = found.filter((one) => fits(one, options));
  if (chosen.length === 0) {
    const versions = [...new Set(found.map((one) => one.version))].join(', ');
    throw new AbiError('E_NO_VERSION', `has ${versions || 'no layout'}, not ${options.abi ?? options.arch}`, {
      struct: name ?? '',
    });
  }
  const writer = new Writer();
  if (options.json) writeJson(chosen, writer);
  else writeText(chosen, options, writer);
  writer.flush();
  return 0;
}

function fits(one: Found, { arch, abi }: LayoutOptions): boolean {
  return (arch === undefined || one.arch === 'any' || one.arch === arch) && (abi === undefined || one.version === abi);
}

/** Every layout of a name; of a call its input and output, of a message its forms and answers. */
function named(name: string): Found[] {
  const found = requireName(name);
  const all = (layout: Layout | undefined, role?: string): Found[] =>
    layout === undefined ? [] : [...concrete(layout)].map((one) => ({ ...one, ...(role ? { role } : {}) }));
  if (found.kind === 'struct') return all(found.layout);
  if (found.kind === 'ioctl') return all(found.layout, `argument of ${found.name}`);
  if (found.kind === 'hypercall')
    return [...all(found.call.input, `input of ${found.name}`), ...all(found.call.output, `output of ${found.name}`)];
  const seen = new Set<Layout>();
  return found.message.is.flatMap((form) =>
    [
      { layout: form.body, role: `${found.name}, ${form.source}` },
      { layout: form.reply, role: `reply to ${found.name}, ${form.source}` },
    ].flatMap(({ layout, role }) => {
      if (layout === undefined || seen.has(layout)) return [];
      seen.add(layout);
      return all(layout, role);
    }),
  );
}

function writeJson(found: readonly Found[], writer: Writer): void {
  found.forEach(({ type, arch, version, role }, i) => {
    const fields = rows(type).map(({ path, bitOffset, bitSize, kind, count }) => ({
      path,
      bitOffset,
      bitSize,
      kind,
      ...(count === undefined ? {} : { count }),
    }));
    const row = { name: type.name, arch, version, ...(role ? { role } : {}), size: type.size, fields };
    writer.write(`${i === 0 ? '[\n' : ',\n'}${JSON.stringify(row)}`);
  });
  writer.line('\n]');
}

function writeText(found: readonly Found[], options: LayoutOptions, writer: Writer): void {
  const paint = paintFor(options.color);
  found.forEach(({ type, arch, version, role }, i) => {
    if (i > 0) writer.line();
    const about = [role, arch === 'any' ? '' : arch, version, type.origin?.from].filter(Boolean).join(', ');
    writer.line(paint.quiet(`/* ${about} */`));
    for (const line of paholeText(type, { expand: options.expand ?? false })) writer.line(colourC(line, paint));
  });
}

/** Comments quiet, the rest as it is: the text stays what pahole prints. */
function colourC(line: string, paint: Paint): string {
  if (!paint.enabled) return line;
  const at = line.indexOf('/*');
  if (at < 0) return line;
  const comment = line.slice(at);
  return line.slice(0, at) + (comment.startsWith('/* XXX') ? paint.warn(comment) : paint.quiet(comment));
}
