import type { HostPort } from '../../ports/host-port.js';

// LDID-26: of the open buses of one machine no two have a function of the same GUID bytes 4-7 and slot.

const ATTACHED = new WeakMap<HostPort['interrupts'], Set<string>>();

/** The ids that one bus holds. A machine is told by its interrupt router. */
export class AttachedIds {
  readonly #all: Set<string>;
  readonly #prefix: number;
  readonly #mine = new Set<string>();

  constructor(port: Pick<HostPort, 'interrupts'>, prefix: number) {
    let all = ATTACHED.get(port.interrupts);
    if (all === undefined) {
      all = new Set();
      ATTACHED.set(port.interrupts, all);
    }
    this.#all = all;
    this.#prefix = prefix;
  }

  /** Holds exactly these slots from now on; false, with nothing changed, when another bus has one of them. */
  hold(slots: Iterable<number>): boolean {
    const wanted = new Set(Array.from(slots, (slot) => `${this.#prefix}/${slot}`));
    for (const id of wanted) if (this.#all.has(id) && !this.#mine.has(id)) return false;
    for (const id of this.#mine) if (!wanted.has(id)) this.#all.delete(id);
    this.#mine.clear();
    for (const id of wanted) {
      this.#mine.add(id);
      this.#all.add(id);
    }
    return true;
  }
}
