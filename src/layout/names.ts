import { LayoutError } from '../bytes/errors.js';

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
// Generated code and plain objects would give these a meaning of their own; `raw` and `tail` are the kernel's own keys of a union value.
const TAKEN = new Set(['__proto__', 'constructor', 'prototype', 'raw', 'tail']);
const RESERVED = /^_*(reserved|rsvd|resvd|mbz|unused|padding|preserved_z)/i;

/** Throws LayoutError E_LAYOUT_NAME unless every name is an identifier: nothing else reaches generated code. */
export function checkNames(owner: string, names: Iterable<string>): void {
  for (const name of names) {
    if (/^\d/.test(name))
      throw new LayoutError(
        'E_LAYOUT_NAME',
        `key ${JSON.stringify(name)} looks like an integer: objects would reorder it`,
        { struct: owner },
      );
    if (!IDENTIFIER.test(name) || TAKEN.has(name))
      throw new LayoutError('E_LAYOUT_NAME', `${JSON.stringify(name)} cannot be a name`, { struct: owner });
  }
}

/** True for the names that C headers give to bits that must be zero. */
export function isReservedName(name: string): boolean {
  return RESERVED.test(name);
}
