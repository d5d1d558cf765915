import { compileDecode } from './compile-decode.js';
import { compileEncode } from './compile-encode.js';
import { type Engine, type Engines, useEngines } from './dispatch.js';
import { explain } from './explain.js';
import { canGenerateCode } from './generate.js';
import { interpretDecode } from './interpret-decode.js';
import { interpretEncode } from './interpret-encode.js';
import type { AnyType, Code } from './types.js';

const MADE = { compiled: new WeakMap<AnyType, Code>(), interpreted: new WeakMap<AnyType, Code>() };

/** Both directions of one declaration, made at first use. `compiled` falls back where code cannot be generated. */
function codeOf(type: AnyType, engine: Engine): Code {
  let made = MADE[engine].get(type);
  if (made === undefined) {
    made =
      engine === 'compiled' && canGenerateCode()
        ? lazily(type)
        : {
            decode: (view, at, cursor, lend) => interpretDecode(type, view, at, cursor, lend),
            encode: (value, view, at) => interpretEncode(type, value, view, at),
          };
    MADE[engine].set(type, made);
  }
  return made;
}

/** Each direction compiles itself at its first call, and then is the generated code. */
function lazily(type: AnyType): Code {
  const made: { -readonly [K in keyof Code]: Code[K] } = {
    decode: (view, at, cursor, lend) => {
      made.decode = compileDecode(type);
      return made.decode(view, at, cursor, lend);
    },
    encode: (value, view, at) => {
      made.encode = compileEncode(type);
      return made.encode(value, view, at);
    },
  };
  return made;
}

const ENGINES: Engines = { codeOf, explain };

/** The same type, which from now on can be decoded and encoded: whoever declares brings the engines along. */
export function withEngines<T>(type: T): T {
  useEngines(ENGINES);
  return type;
}
