import { fstatSync, statSync } from 'node:fs';
import { CommandError } from './exit.js';

/** A path, or descriptor 0 for `-` and for none, and what errors call it. */
export interface InputSource {
  readonly source: string | number;
  readonly name: string;
}

/** What a command reads. Throws CommandError for a folder, and for a terminal that would be waited for. */
export function sourceOf(file: string | undefined): InputSource {
  if (file !== undefined && file !== '-') {
    // Throws the system's own words for a file that is not there.
    if (statSync(file).isDirectory())
      throw new CommandError(`${file}: is a directory`, 'give the file inside it, such as events.jsonl');
    return { source: file, name: file };
  }
  if (file === undefined && process.stdin.isTTY)
    throw new CommandError('no input: standard input is a terminal', 'give a file, or - to type');
  return { source: 0, name: 'standard input' };
}

export function isRegular(source: string | number): boolean {
  try {
    return (typeof source === 'string' ? statSync(source) : fstatSync(source)).isFile();
  } catch {
    return true;
  }
}

/** Bytes of a file; undefined for a pipe. */
export function sizeOf(source: string | number): number | undefined {
  try {
    const found = typeof source === 'string' ? statSync(source) : fstatSync(source);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}
