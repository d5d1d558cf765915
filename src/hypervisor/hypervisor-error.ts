import { AbiError } from '../bytes/errors.js';

/** A host set its hypervisor up, or used it, as it cannot be. Nothing that a guest does throws. */
export class HypervisorError extends AbiError {
  constructor(what: string) {
    super('E_HYPERVISOR', what, { struct: 'partition' });
  }
}
