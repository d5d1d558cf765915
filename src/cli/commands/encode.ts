import { readFileSync, writeFileSync } from 'node:fs';
import { EncodeError } from '../../bytes/errors.js';
import { bytesToHex, hex64 } from '../../bytes/hex.js';
import { tagsOf } from '../../capture/message-tag.js';
import { type Named, requireName } from '../../capture/names.js';
import { controlWord } from '../../hypercall/words.js';
import { encodeUnchecked } from '../../layout/codec.js';
import { type Layout, type PickOptions, pick } from '../../layout/group.js';
import { type Hypercall, inputSide } from '../../layout/hypercall.js';
import { fromJson, type Json } from '../../layout/json.js';
import { pickForm } from '../../layout/messages.js';
import type { Arch } from '../../layout/types.js';
import { checkAbi } from '../choices.js';
import { CommandError, complain } from '../exit.js';
import { writingTo } from '../output-file.js';
import { type ColourChoice, paintFor } from '../paint.js';
import { Writer } from '../writer.js';
import { xxdLines } from '../xxd-text.js';

export interface EncodeOptions {
  readonly as: string;
  readonly defaults?: boolean;
  readonly arch?: Arch;
  readonly abi?: string;
  readonly to?: 'hex' | 'raw' | 'xxd' | 'json';
  readonly out?: string;
  readonly color: ColourChoice;
}

interface Encoded {
  readonly name: string;
  readonly struct: string;
  readonly arch: string;
  readonly version: string;
  readonly bytes: Uint8Array;
  /** Of hypercalls. */
  readonly control?: bigint;
}

/** `hvabi encode`. */
export function runEncode(json: string | undefined, options: EncodeOptions): number {
  checkAbi(options.abi);
  const named = requireName(options.as);
  const encoded = encodeNamed(named, readJson(json), options);
  const form = options.to ?? (options.out === undefined ? 'hex' : 'raw');
  if (encoded.control !== undefined && form !== 'json') {
    complain([`${paintFor(options.color, process.stderr).quiet('control')} ${hex64(encoded.control)}`]);
  }
  const text = textOf(encoded, form);
  const { out } = options;
  if (out !== undefined) writingTo(out, () => writeFileSync(out, text ?? encoded.bytes));
  else {
    const writer = new Writer();
    if (text === undefined) writer.bytes(encoded.bytes);
    else writer.write(text);
    writer.flush();
  }
  return 0;
}

function readJson(json: string | undefined): Json {
  const inline = json !== undefined && /^\s*[{["0-9]/.test(json) && !/^[0-9]+$/.test(json);
  if (json === undefined && process.stdin.isTTY)
    throw new CommandError(
      'no value: standard input is a terminal',
      "give a file, - to type, or the JSON itself: '{…}'",
    );
  const from = json === undefined || json === '-' ? 'standard input' : inline ? 'the argument' : json;
  const text = inline ? json : readFileSync(json === undefined || json === '-' ? 0 : json, 'utf8');
  try {
    // Some editors put UTF-8's mark in front of a file.
    return JSON.parse(text.replace(/^\ufeff/, '')) as Json;
  } catch (error) {
    throw new CommandError(
      `${from}: ${(error as Error).message}`,
      'the value is one JSON object, as `decode --json` prints it under "value"',
    );
  }
}

function encodeNamed(named: Named, json: Json, options: EncodeOptions): Encoded {
  const choice: PickOptions = {
    ...(options.arch ? { arch: options.arch } : {}),
    ...(options.abi ? { abi: options.abi } : {}),
  };
  const defaults = options.defaults ?? false;
  switch (named.kind) {
    case 'struct':
      return { name: named.name, ...encodeLayout(named.layout, json, choice, defaults) };
    case 'ioctl': {
      const { size } = pick(named.layout, choice).type;
      const sized = withTags(json, [[['size'], size]]);
      return { name: named.name, ...encodeLayout(named.layout, sized, choice, defaults) };
    }
    case 'message': {
      const form =
        pickForm(named.message, options.abi === 'openvmm' ? { source: 'openvmm' } : { source: 'linux' }) ??
        pickForm(named.message);
      const body = form?.body ?? named.message.is.find((one) => one.body !== undefined)?.body;
      if (body === undefined)
        throw new EncodeError('E_NO_VERSION', 'no source declares a struct for it', { struct: named.name });
      const { type } = pick(body, choice);
      const tagged = withTags(json, tagsOf(type, named.table, named.message, form?.withDescriptor ?? false));
      return { name: named.name, ...encodeLayout(body, tagged, choice, defaults) };
    }
    case 'hypercall':
      return encodeCall(named.call, json, choice, defaults);
  }
}

function encodeLayout(layout: Layout, json: Json, choice: PickOptions, defaults: boolean): Omit<Encoded, 'name'> {
  const { type, arch, version } = pick(layout, choice);
  return { struct: type.name, arch, version, bytes: encodeUnchecked(type, fromJson(type, json, { defaults })) };
}

/** A copy of the value in which absent tags are filled in. */
function withTags(json: Json, tags: readonly (readonly [path: readonly string[], value: number])[]): Json {
  let value = json;
  for (const [path, tag] of tags) value = filled(value, path, tag);
  return value;
}

function filled(json: Json | undefined, [head, ...rest]: readonly string[], tag: number): Json {
  if (head === undefined) return json === undefined ? tag : json;
  const given = json ?? {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  return { ...given, [head]: filled(given[head], rest, tag) };
}

function encodeCall(call: Hypercall, json: Json, choice: PickOptions, defaults: boolean): Encoded {
  const dict = typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
  const wrapped = 'input' in dict || 'control' in dict;
  const input = wrapped ? (dict.input ?? {}) : json;
  if (call.input === undefined) {
    const control = wordOf(dict.control) ?? controlWord({ code: call.code, fast: call.form.startsWith('fast') });
    return {
      name: call.name,
      struct: '',
      arch: 'any',
      version: call.origin.version,
      bytes: new Uint8Array(0),
      control,
    };
  }
  const encoded = encodeLayout(call.input, input, choice, defaults);
  const control = wordOf(wrapped ? dict.control : undefined) ?? controlFor(call, input, encoded.bytes.length, choice);
  return { name: call.name, ...encoded, control };
}

/** A control word as text, number or as decode writes it ({ raw }). */
function wordOf(json: Json | undefined): bigint | undefined {
  if (json === undefined || json === null) return undefined;
  if (typeof json === 'object' && !Array.isArray(json)) return wordOf(json.raw);
  if (
    (typeof json === 'string' && /^(0x[0-9a-f]+|\d+)$/i.test(json)) ||
    (typeof json === 'number' && Number.isInteger(json))
  )
    return BigInt(json);
  throw new EncodeError('E_TYPE', `takes a 64-bit word, got ${JSON.stringify(json)}`, { path: 'control' });
}

/** The control word that fits the input: reps from the list, header length from what stands between. */
function controlFor(call: Hypercall, input: Json, bytes: number, choice: PickOptions): bigint {
  const arch = choice.arch ?? 'x64';
  const side = inputSide(call, arch, choice.abi);
  const list =
    typeof call.rep === 'string' && typeof input === 'object' && input !== null && !Array.isArray(input)
      ? input[call.rep]
      : undefined;
  const reps = Array.isArray(list) ? list.length : 0;
  const varQwords =
    call.varhead === undefined ? 0 : Math.max(0, Math.floor((bytes - side.header - reps * side.element) / 8));
  return controlWord({ code: call.code, fast: call.form.startsWith('fast'), varQwords, reps });
}

function textOf(encoded: Encoded, form: 'hex' | 'raw' | 'xxd' | 'json'): string | undefined {
  const { bytes, control, name, struct, arch, version } = encoded;
  switch (form) {
    case 'raw':
      return undefined;
    case 'hex':
      return `${bytesToHex(bytes)}\n`;
    case 'xxd':
      return `${xxdLines(bytes).join('\n')}\n`;
    case 'json':
      return `${JSON.stringify({ name, struct, arch, version, ...(control === undefined ? {} : { control: hex64(control) }), hex: bytesToHex(bytes) })}\n`;
  }
}
