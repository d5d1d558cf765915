import { type DecodeError, LayoutError } from '../bytes/errors.js';
import type { Limits } from './limits.js';
import { type AnyType, type Code, titleOf } from './types.js';

export type Engine = 'compiled' | 'interpreted';

/** The engines that read and write any declaration. */
export interface Engines {
  codeOf(type: AnyType, engine: Engine): Code;
  explain(type: AnyType, view: DataView, offset: number, limits: Limits | undefined): DecodeError;
}

// Set by the functions that declare. A program that only uses declarations which carry their code, as those of the package
// do, then does not carry the engines: they are most of the kernel.
let general: Engines | undefined;

export function useEngines(engines: Engines): void {
  general = engines;
}

/** The engines, where something declared brought them along. */
export function enginesInUse(): Engines | undefined {
  return general;
}

/** Throws LayoutError E_LAYOUT_KIND for a type without code in a program without engines. */
export function codeOf(type: AnyType, engine: Engine): Code {
  if (engine === 'compiled' && 'code' in type && type.code !== undefined) return type.code;
  if (general === undefined)
    throw new LayoutError(
      'E_LAYOUT_KIND',
      'has no code of its own, and nothing declared here brought the engines along',
      {
        struct: titleOf(type),
      },
    );
  return general.codeOf(type, engine);
}
