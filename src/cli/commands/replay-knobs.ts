import type { RecordedHostKnobs } from '../../hypervisor/iommu/recorded-host.js';
import { CommandError } from '../exit.js';
import { hexText } from '../tree/numbers.js';

/** How a knob is written behind its name. */
type KnobForm = 'count' | 'word' | 'status' | 'frames';

/** Knobs by the names that the recorded host has for them. */
const KNOBS = {
  dom_chunk: ['domChunk', 'count'],
  dom_pool: ['domPool', 'count'],
  node_cost: ['nodeCost', 'count'],
  dom_bad: ['domBad', 'frames'],
  dom_bad_status: ['domBadStatus', 'status'],
  refuse_list: ['refuseList', 'status'],
  starve_attach: ['starveAttach', 'count'],
  iova_width: ['iovaWidth', 'count'],
  pasid_width: ['pasidWidth', 'count'],
  caps: ['caps', 'word'],
  pgsizes: ['pgSizes', 'word'],
} as const satisfies Record<string, readonly [keyof RecordedHostKnobs, KnobForm]>;

type KnobName = keyof typeof KNOBS;
const NAMES = Object.keys(KNOBS) as KnobName[];
const MOST_WORD = (1n << 64n) - 1n;
/** Frames that are written out. */
const MOST_FRAMES = 8;

/** Knobs from texts such as `dom_chunk=100` and `dom_bad=0x1100,0x2001`. Throws CommandError. */
export function parseKnobs(texts: readonly string[]): RecordedHostKnobs {
  return Object.fromEntries(texts.map(parseKnob));
}

function parseKnob(text: string): readonly [string, number | bigint | readonly number[]] {
  const [name = '', value = ''] = [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)];
  const known = NAMES.find((one) => one === name);
  if (known === undefined) throw new CommandError(`--knob ${text}: takes NAME=VALUE`, `names: ${NAMES.join(', ')}`);
  const [key, form] = KNOBS[known];
  const words = form === 'frames' ? value.split(',').filter((one) => one !== '') : [value];
  const numbers = words.map((one) => (/^(0x[0-9a-f]+|\d+)$/i.test(one) ? BigInt(one) : undefined));
  const isSound = numbers.every((one) => one !== undefined && one <= limitOf(form));
  if (!isSound)
    throw new CommandError(`--knob ${text}: takes ${KINDS[form]}`, 'numbers are decimal or hexadecimal with 0x');
  if (form === 'frames') return [key, numbers.map(Number)];
  return [key, form === 'word' ? numbers[0]! : Number(numbers[0])];
}

const KINDS: Readonly<Record<KnobForm, string>> = {
  count: 'a number',
  word: 'a 64-bit word',
  status: 'a status of 16 bits',
  frames: 'page frames with commas between them',
};

function limitOf(form: KnobForm): bigint {
  if (form === 'word') return MOST_WORD;
  return form === 'status' ? 0xffffn : BigInt(Number.MAX_SAFE_INTEGER);
}

/** The knobs that have a value, as they are given; long lists of frames are cut. */
export function knobTexts(knobs: RecordedHostKnobs): string[] {
  return NAMES.flatMap((name) => {
    const [key, form] = KNOBS[name];
    const value = knobs[key];
    if (value === undefined) return [];
    if (typeof value === 'object') return [`${name}=${framesText(value)}`];
    return [`${name}=${form === 'count' ? value : hexText(value)}`];
  });
}

function framesText(frames: readonly (number | bigint)[]): string {
  const shown = frames.slice(0, MOST_FRAMES).map(hexText).join(',');
  return frames.length > MOST_FRAMES ? `${shown},… (${frames.length} frames)` : shown;
}
