// Control characters (C0, DEL, C1) steer a terminal; marks of direction and line separators show text in another order or on
// another line than it has.
const STEERING = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;
const ALL_STEERING = new RegExp(STEERING, 'gu');

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text of a capture, a file name or an argument as a terminal may have it: what would steer it is written out, as `\x1b` or
 * `\u202e`. Colours are put around it afterwards.
 */
export function terminalText(text: string): string {
  // Nearly all text is harmless.
  return STEERING.test(text) ? text.replace(ALL_STEERING, escaped) : text;
}

/** Any value as such text; nothing for none. */
export const terminalWord = (value: unknown): string => terminalText(String(value ?? ''));

/** JSON of a value on one line, or indented: it stays the same JSON, and a terminal may have it. */
export function terminalJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent);
  return STEERING.test(text) ? text.replace(ALL_STEERING, escapedInJson) : text;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return NAMED[character] ?? (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
}

/** Lines of an indented value stay lines: JSON has no other line feed. */
const escapedInJson = (character: string): string =>
  character === '\n' ? character : `\\u${hex(character.charCodeAt(0), 4)}`;

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');
