import { hex64 } from '../../src/bytes/hex.js';
import { joinU64 } from '../../src/bytes/word.js';
import type { CpuGate } from '../../src/ports/cpu-gate.js';

export interface ScriptedGate extends CpuGate {
  /** Control words of the calls made. */
  readonly controls: string[];
}

export interface Answer {
  readonly status: number;
  readonly done: number;
}

/** A gate that answers as told, call by call; `look` sees each call before it is answered. */
export function scriptedGate(answers: readonly Answer[], look: (inputGpa: number) => void = () => {}): ScriptedGate {
  const controls: string[] = [];
  let lo = 0;
  let hi = 0;
  return {
    vp: 0,
    controls,
    hypercall(controlLo, controlHi, inputGpa) {
      const answer = answers[controls.length];
      if (answer === undefined) throw new Error(`call ${controls.length} was not expected`);
      controls.push(hex64(joinU64(controlLo, controlHi)));
      look(inputGpa);
      lo = answer.status;
      hi = answer.done;
    },
    hypercallFast: () => {
      throw new Error('no fast call was expected');
    },
    get resultLo() {
      return lo;
    },
    get resultHi() {
      return hi;
    },
    rdmsr: () => undefined,
    wrmsr: () => false,
    mmioRead: () => 0xffffffffffffffffn,
    mmioWrite: () => {},
  };
}
