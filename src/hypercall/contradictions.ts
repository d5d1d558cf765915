import { type Hypercall, repLimits } from '../layout/hypercall.js';
import type { Arch } from '../layout/types.js';
import type { ControlWord } from './words.js';

/**
 * What a control word says that its call cannot mean, reserved bits apart: what a hypervisor refuses with
 * HV_STATUS_INVALID_HYPERCALL_INPUT before it looks at the input (TLFS, hypercall inputs).
 */
export function contradictions(
  call: Hypercall,
  word: Omit<ControlWord, 'nested' | 'reserved'>,
  arch: Arch = 'x64',
): string[] {
  const notes: string[] = [];
  const { name } = call;
  if (call.rep === undefined && call.outRep === undefined) {
    if (word.reps > 0) notes.push(`${name} takes no reps, the rep count is ${word.reps}`);
    if (word.repStart > 0) notes.push(`${name} takes no reps, the rep start is ${word.repStart}`);
  } else if (word.reps === 0) notes.push(`${name} is a rep call, the rep count is 0`);
  else {
    if (word.repStart >= word.reps)
      notes.push(`the rep start ${word.repStart} is not below the rep count ${word.reps}`);
    // Registers hold fewer than a page, by rules of each architecture.
    const limits = word.reps === 1 || word.fast ? undefined : repLimits(call, arch, word.varQwords);
    if (limits !== undefined && word.reps > limits.maxReps)
      notes.push(`${word.reps} reps do not fit: the ${limits.boundBy} holds ${limits.maxReps}`);
  }
  if (call.varhead === undefined && word.varQwords > 0)
    notes.push(`${name} has no variable header, the word claims ${word.varQwords} qwords`);
  return notes;
}
