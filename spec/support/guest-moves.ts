import { Decoder, type Event } from '../../src/capture/decoder.js';
import { type JsonRecord, presentRecord } from '../../src/capture/present.js';
import { at } from './captures.js';

/** Something that a guest did, by name, and its fields by their dotted path. */
export interface Move {
  readonly name: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** What a guest did, as one list per stream: the order across streams is the scheduler's, within one it is the driver's. */
export type Moves = ReadonlyMap<string, readonly Move[]>;

/** Calls that carry what other streams list, or none of the drivers' own. */
const CARRIERS: ReadonlySet<string> = new Set(['HVCALL_POST_MESSAGE', 'HVCALL_SIGNAL_EVENT']);

/** Reads a trace: MSR writes by VP, VMBus messages, packets by channel, other calls. */
export function guestMoves(events: Iterable<Event>): Moves {
  const moves = new Map<string, Move[]>();
  const decoder = new Decoder();
  for (const event of events) {
    const record = presentRecord(decoder.push(event));
    const stream = streamOf(record);
    if (stream === undefined) continue;
    const list = moves.get(stream) ?? [];
    moves.set(stream, list);
    list.push(moveOf(record, stream));
  }
  return moves;
}

function streamOf(record: JsonRecord): string | undefined {
  const kind = at(record, 'kind');
  const name = String(at(record, 'name'));
  if (kind === 'wrmsr') return `MSRs of VP ${String(at(record, 'value.vp'))}`;
  if (kind === 'hypercall') {
    if (name === 'HVCALL_POST_MESSAGE') return 'VMBus messages';
    if (name.endsWith('_VP_REGISTERS')) return `registers of VP ${String(at(record, 'vp'))}`;
    return CARRIERS.has(name) ? undefined : 'calls';
  }
  if (kind === 'ring' && at(record, 'facts.direction') === 'g2h')
    return `packets of ${String(at(record, 'facts.instance'))}`;
  return undefined;
}

function moveOf(record: JsonRecord, stream: string): Move {
  const fields = new Map<string, string>();
  const inner = at(record, 'inner.name');
  if (stream.startsWith('MSRs')) {
    flatten(at(record, 'value.fields') ?? at(record, 'value.value'), 'value', fields);
    return { name: String(at(record, 'name')), fields };
  }
  if (stream === 'calls' || stream.startsWith('registers')) {
    flatten(at(record, 'value.control'), 'control', fields);
    flatten(at(record, 'value.input'), 'input', fields);
    return { name: String(at(record, 'name')), fields };
  }
  flatten(at(record, 'inner.size'), 'size', fields);
  flatten(at(record, 'inner.value'), '', fields);
  if (stream.startsWith('packets')) flatten(at(record, 'value'), 'packet', fields);
  else flatten(at(record, 'value.input.connectionid.id'), 'connectionid', fields);
  return { name: String(inner ?? at(record, 'name')), fields };
}

function flatten(value: unknown, path: string, into: Map<string, string>): void {
  if (typeof value !== 'object' || value === null) {
    if (value !== undefined) into.set(path, String(value));
    return;
  }
  for (const [key, part] of Object.entries(value)) flatten(part, path === '' ? key : `${path}.${key}`, into);
}

/** A field that may differ, by patterns on the move's name and the field's path, and why. */
export interface Exemption {
  readonly move: RegExp;
  readonly field: RegExp;
  readonly reason: string;
}

/** Where two lists of moves disagree, as readable lines; exemptions that took part are added to `used`. */
export function compareMoves(
  ours: readonly Move[],
  theirs: readonly Move[],
  exemptions: readonly Exemption[],
  used: Set<Exemption> = new Set(),
): string[] {
  const lines: string[] = [];
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    const [our, their] = [ours[i], theirs[i]];
    if (our?.name !== their?.name) {
      lines.push(`${i}: ours ${our?.name ?? 'nothing'}, theirs ${their?.name ?? 'nothing'}`);
      continue;
    }
    for (const field of new Set([...our!.fields.keys(), ...their!.fields.keys()])) {
      const [a, b] = [our!.fields.get(field), their!.fields.get(field)];
      if (a === b) continue;
      const exempt = exemptions.find(({ move, field: pattern }) => move.test(our!.name) && pattern.test(field));
      if (exempt) used.add(exempt);
      else lines.push(`${i}: ${our!.name} ${field}: ours ${a}, theirs ${b}`);
    }
  }
  return lines;
}

const HV_REGISTER_EOM = '655380';

/**
 * Without ends of messages: one is due only where a second message waits by the time that the first is taken, which is time and
 * not protocol.
 */
export function timeless(moves: readonly Move[]): Move[] {
  return moves.filter(
    ({ name, fields }) => name !== 'HV_X64_MSR_EOM' && fields.get('input.elements.0.name') !== HV_REGISTER_EOM,
  );
}
