import type { GuestMachine } from '../machine/guest-machine.js';

type Handler = (cpu: number) => void;

/**
 * Handlers by CPU and vector. A vector means something else on every CPU, and the machine knows one handler for all of them.
 */
export class VectorTable {
  private readonly machine: GuestMachine;
  private readonly vectors = new Map<number, Map<number, Handler>>();

  constructor(machine: GuestMachine) {
    this.machine = machine;
  }

  set(cpu: number, vector: number, handler: Handler): void {
    let cpus = this.vectors.get(vector);
    if (cpus === undefined) {
      cpus = new Map();
      this.vectors.set(vector, cpus);
      this.machine.handle(vector, (at) => this.dispatch(at, vector));
    }
    cpus.set(cpu, handler);
  }

  clear(cpu: number, vector: number): void {
    const cpus = this.vectors.get(vector);
    if (cpus === undefined) return;
    cpus.delete(cpu);
    if (cpus.size > 0) return;
    this.vectors.delete(vector);
    this.machine.handle(vector, undefined);
  }

  private dispatch(cpu: number, vector: number): void {
    const handler = this.vectors.get(vector)?.get(cpu);
    if (handler !== undefined) handler(cpu);
    else this.machine.log({ level: 'warn', code: 'interrupt-without-handler', fields: { cpu, vector } });
  }
}
