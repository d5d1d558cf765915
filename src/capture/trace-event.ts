import { DecodeError } from '../bytes/errors.js';
import type { Arch } from '../layout/types.js';
import type { Event } from './event.js';

/** Levels of lists and objects in an event: no recorder writes more than five, and each takes room on the stack of whoever walks it. */
const MOST_LEVELS = 64;

/** One line of a trace as an event, or as the header of a capture file. Throws DecodeError E_RECORD with the line. */
export function parseLine(text: string, line: number, offset: number): Event {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (error) {
    throw new DecodeError('E_RECORD', `line ${line} is no JSON: ${(error as Error).message}`, { offset });
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    throw new DecodeError('E_RECORD', `line ${line} is no JSON object`, { offset });
  if (mayBeDeep(text) && isDeeper(event, MOST_LEVELS))
    throw new DecodeError('E_RECORD', `line ${line} has more than ${MOST_LEVELS} levels of lists and objects`, {
      offset,
    });
  return event as Event;
}

/** Each level ends once: few lines have to be walked. */
function mayBeDeep(text: string): boolean {
  let ends = 0;
  for (const end of ['}', ']'])
    for (let at = text.indexOf(end); at >= 0 && ends <= MOST_LEVELS; at = text.indexOf(end, at + 1)) ends++;
  return ends > MOST_LEVELS;
}

/** True when there are more than `levels` levels, this one counted. */
function isDeeper(value: object, levels: number): boolean {
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((part) => isObject(part) && isDeeper(part, levels - 1));
  for (const key in value) {
    const part = (value as Event)[key];
    if (isObject(part) && isDeeper(part, levels - 1)) return true;
  }
  return false;
}

const isObject = (part: unknown): part is object => typeof part === 'object' && part !== null;

/** The header of a capture file names the format and has no kind. Files that were joined have one in front of each. */
export function isHeader(event: Event): boolean {
  return typeof event.format === 'string' && event.k === undefined && event.kind === undefined;
}

/** The architecture that a header states. */
export function archOfHeader({ arch }: Event): Arch | undefined {
  return arch === 'x64' || arch === 'arm64' ? arch : undefined;
}
