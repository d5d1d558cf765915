import { AbiError } from '../bytes/errors.js';

/** A ring's memory, indices or packets are not what they have to be; `offset` is in bytes from the start of the data area. */
export class RingError extends AbiError {}
