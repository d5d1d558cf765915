import { hv_status } from '../abi/hv/status.js';
import { hexNumber } from '../bytes/hex.js';
import { contradictions } from '../hypercall/contradictions.js';
import { type ControlWord, splitControlWord, splitResult } from '../hypercall/words.js';
import type { Hypercall } from '../layout/hypercall.js';
import { enumMeta } from '../layout/scalar.js';
import { callOf } from './names.js';
import { constant, nameIn, type Reading, type ReadingField } from './reading.js';

/** Largest value that is a bare call code or a bare status. */
const BARE = 0xffffn;

/** The input value of a hypercall (rcx, x0). */
export function controlReading(value: bigint): Reading {
  const word = splitControlWord(value);
  const call = callOf(word.code);
  const notes = call === undefined ? [`no source names call code ${hexNumber(word.code)}`] : against(call, word);
  const fields: ReadingField[] = [
    { name: 'code', value: word.code, bits: [0, 16], ...(call ? { symbol: call.name } : {}) },
    {
      name: 'fast',
      value: Number(word.fast),
      bits: [16, 1],
      symbol: word.fast ? 'input in registers' : 'input in memory',
    },
    {
      name: 'variable header',
      value: word.varQwords,
      bits: [17, 10],
      symbol: word.varQwords === 1 ? 'qword' : 'qwords',
    },
    { name: 'nested', value: Number(word.nested), bits: [31, 1] },
    { name: 'rep count', value: word.reps, bits: [32, 12] },
    { name: 'rep start', value: word.repStart, bits: [48, 12] },
    ...(word.reserved === 0n
      ? []
      : [{ name: 'reserved', value: word.reserved, bits: [27, 37] as const, reserved: true }]),
  ];
  const about = call === undefined ? '' : [call.form, ...(call.alias.length ? [call.alias[0]!] : [])].join(', ');
  const likely = call === undefined ? 2 : notes.length > 0 ? 25 : value > BARE ? 85 : 62;
  return {
    kind: 'control',
    title:
      call === undefined
        ? 'hypercall control word'
        : `hypercall control word of ${call.name}${about ? ` (${about})` : ''}`,
    likely,
    fields,
    notes,
  };
}

function against(call: Hypercall, word: ControlWord): string[] {
  return [
    ...(word.reserved === 0n ? [] : [`reserved bits are set: ${hexNumber(word.reserved)}`]),
    ...contradictions(call, word),
    ...(call.form.startsWith('fast') && !word.fast
      ? [`${call.name} takes its input in registers, the word says memory`]
      : []),
  ];
}

/** The result value of a hypercall (rax, x0). */
export function resultReading(value: bigint): Reading {
  const { status, repsDone, reserved } = splitResult(value);
  const name = nameIn(enumMeta(hv_status), BigInt(status));
  const notes = reserved === 0n ? [] : [`reserved bits are set: ${hexNumber(reserved)}`];
  return {
    kind: 'result',
    title: `hypercall result: ${name ?? `status ${hexNumber(status)}`}${repsDone > 0 ? ` after ${repsDone} reps` : ''}`,
    likely: name === undefined || reserved !== 0n ? 2 : repsDone > 0 ? 60 : value === 0n ? 50 : 20,
    fields: [
      { name: 'status', value: status, bits: [0, 16], ...(name ? { symbol: name } : {}) },
      { name: 'reps completed', value: repsDone, bits: [32, 12] },
      ...(reserved === 0n ? [] : [{ name: 'reserved', value: reserved, bits: [16, 48] as const, reserved: true }]),
    ],
    notes,
  };
}

/** A bare HV_STATUS. */
export function statusReading(value: bigint): Reading {
  return constant(
    'status',
    'hypercall status',
    value,
    value > BARE ? undefined : nameIn(enumMeta(hv_status), value),
    65,
  );
}

/** A bare call code. */
export function codeReading(value: bigint): Reading {
  const call = value > BARE ? undefined : callOf(Number(value));
  const notes = call === undefined ? [] : [[call.form, call.input?.name, call.alias[0]].filter(Boolean).join(', ')];
  return constant('call-code', 'call code of', value, call?.name, 60, notes);
}
