import { AbiError, type ErrorCode } from '../bytes/errors.js';

/** Memory was asked for what it cannot do; `offset` is the GPA where one is meant. */
export class MemoryError extends AbiError {
  constructor(code: ErrorCode, what: string, gpa = -1) {
    super(code, what, { struct: 'guest memory', offset: gpa });
  }
}
