import { hv_input_post_message } from '../abi/synic/message.js';
import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import { contradictions } from '../hypercall/contradictions.js';
import { type ControlWord, splitControlWord, splitResult } from '../hypercall/words.js';
import { pick } from '../layout/group.js';
import { type Hypercall, inputSide, outputSide } from '../layout/hypercall.js';
import { issue, opaque, type Place, type Setting, structPart } from './locate.js';
import { messageInPost } from './message-part.js';
import { callOf } from './names.js';
import type { CallWords, Part, Slack } from './record.js';
import type { Session } from './session.js';

export interface CallBytes {
  readonly control: bigint;
  readonly result?: bigint | undefined;
  readonly input: DataView;
  readonly output?: DataView | undefined;
  /** The views are whole pages: what the call does not use is no error. */
  readonly page?: boolean;
  /** No control word was recorded: a rep list runs to the end. */
  readonly toTheEnd?: boolean;
}

export interface LocatedCall {
  readonly call: Hypercall | undefined;
  readonly words: CallWords;
  readonly parts: Part[];
  readonly issues: ReturnType<typeof issue>[];
}

function callWords(control: bigint, word: ControlWord, result: bigint | undefined): CallWords {
  const done = result === undefined ? undefined : splitResult(result);
  return {
    control,
    code: word.code,
    fast: word.fast,
    varQwords: word.varQwords,
    reps: word.reps,
    repStart: word.repStart,
    result,
    status: done?.status,
    repsDone: done?.repsDone,
  };
}

/** Finds input and output of one call, and the message inside a posted one. */
export function locateCall(bytes: CallBytes, setting: Setting, session: Session): LocatedCall {
  const word = splitControlWord(bytes.control);
  const words = callWords(bytes.control, word, bytes.result);
  const call = callOf(words.code);
  const issues: ReturnType<typeof issue>[] = [];
  const { reserved } = word;
  if (reserved !== 0n)
    issues.push(
      issue('I_RESERVED', `reserved bits of the control word are set: 0x${reserved.toString(16)}`, 0, 'control'),
    );
  if (call === undefined)
    issues.push(issue('I_UNKNOWN', `no source names call code 0x${words.code.toString(16)}`, 0, 'control'));
  else if (!bytes.toTheEnd)
    for (const text of contradictions(call, words, setting.arch)) issues.push(issue('I_COUNT', text, 0, 'control'));
  const parts: Part[] = [];
  const input = inputPart(call, words, bytes, setting, session);
  if (input !== undefined) parts.push(input);
  else if (bytes.output === undefined && call?.input !== undefined)
    issues.push(issue('I_SHORT', `${call.name} takes an input, none was recorded`, 0, 'in'));
  const output = outputPart(call, words, bytes, setting);
  if (output !== undefined) parts.push(output);
  return { call, words, parts, issues };
}

function inputPart(
  call: Hypercall | undefined,
  words: CallWords,
  bytes: CallBytes,
  setting: Setting,
  session: Session,
): Part | undefined {
  const view = bytes.input;
  const length = view.byteLength;
  if (length === 0) return undefined;
  const place: Place = { label: 'in', view, offset: 0, end: length };
  if (call?.input === undefined) {
    // A call without declared input still shows its bytes, as what they are: nothing accounts for them.
    return opaque(place, call === undefined ? 'input of an unknown call' : 'undeclared input', {
      direction: 'guest->host',
      unattributed: length,
    });
  }
  const side = inputSide(call, setting.arch, setting.abi);
  const isVar = call.varhead !== undefined;
  const simple = call.rep === undefined || call.rep === true;
  const picked = pick(call.input, {
    arch: setting.arch,
    ...(setting.abi ? { abi: setting.abi } : {}),
    ...(bytes.page ? {} : { size: length }),
  });
  // Only a declared variable header moves what follows; of a list-less call the picked version's size counts.
  const header = isVar ? side.header : simple ? picked.type.size : side.header;
  const varEnd = header + 8 * words.varQwords;
  const start = isVar ? varEnd : header;
  const wanted = start + (bytes.toTheEnd ? length : words.reps * side.element);
  const end = Math.min(length, simple && !isVar ? header : wanted);
  const slack: Slack[] = [];
  const marks = restOf(words, bytes, end, length, slack);
  const limits = {
    end,
    varEnd: isVar && !bytes.toTheEnd ? Math.min(varEnd, end) : undefined,
    reps: bytes.toTheEnd || side.element === 0 ? undefined : words.reps,
  };
  const inner =
    picked.type === hv_input_post_message ? messageInPost(view, 0, length, setting, session, slack) : undefined;
  const part = structPart({ ...place, end }, call.input, setting, {
    ...marks,
    slack,
    limits,
    direction: 'guest->host',
    ...(inner ? { inner } : {}),
  });
  return withCutElement(part, end);
}

/** A list that the record cuts inside an element: its first bytes are no element any more. */
function withCutElement(part: Part, end: number): Part {
  const left = part.type === undefined ? 0 : end - part.offset - part.size;
  if (left <= 0) return part;
  const cut: Slack = { name: 'cut list element', offset: part.offset + part.size, length: left };
  return { ...part, slack: [...part.slack, cut] };
}

/** Names what lies behind the input. */
function restOf(
  words: CallWords,
  bytes: CallBytes,
  end: number,
  length: number,
  slack: Slack[],
): { unattributed?: number; issues?: ReturnType<typeof issue>[] } {
  const rest = length - end;
  if (rest === 0) return {};
  // TLFS: fast inputs travel in whole registers; XMM ones in pairs of 16 bytes.
  if (words.fast && rest < 16) slack.push({ name: 'register rounding', offset: end, length: rest });
  else if (bytes.page && length <= HV_HYP_PAGE_SIZE)
    slack.push({ name: 'page past the input', offset: end, length: rest });
  else return { unattributed: rest, issues: [issue('I_TRAILING', `${rest} bytes behind the input`, end)] };
  return {};
}

function outputPart(
  call: Hypercall | undefined,
  words: CallWords,
  bytes: CallBytes,
  setting: Setting,
): Part | undefined {
  const view = bytes.output;
  if (view === undefined || view.byteLength === 0) return undefined;
  const length = view.byteLength;
  const place: Place = { label: 'out', view, offset: 0, end: length };
  if (call?.output === undefined)
    return opaque(place, call === undefined ? 'output of an unknown call' : 'undeclared output', {
      direction: 'host->guest',
      unattributed: length,
    });
  const side = outputSide(call, setting.arch, setting.abi);
  const picked = pick(call.output, {
    arch: setting.arch,
    ...(setting.abi ? { abi: setting.abi } : {}),
    ...(bytes.page ? {} : { size: length }),
  });
  const whole = Math.max(0, Math.floor((length - side.header) / (side.element || 1)));
  const reps = bytes.page ? (words.repsDone ?? words.reps) : whole;
  const end = Math.min(
    length,
    side.element
      ? side.header + reps * side.element
      : Math.max(picked.type.minSize, picked.type.flexible ? length : picked.type.size),
  );
  const slack: Slack[] = [];
  const marks = restOf(words, bytes, end, length, slack);
  const part = structPart({ ...place, end }, call.output, setting, {
    ...marks,
    slack,
    limits: { end, ...(side.element ? { reps } : {}) },
    direction: 'host->guest',
  });
  return withCutElement(part, end);
}
