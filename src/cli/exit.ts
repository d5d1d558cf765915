import { writeSync } from 'node:fs';
import type { Command, CommanderError } from 'commander';
import { AbiError } from '../bytes/errors.js';
import { type ForeignFormat, ForeignFormatError } from '../capture/foreign-format.js';
import { terminalText } from './terminal-text.js';

/** What the process says when it ends, as diff and grep do it. */
export const EXIT = Object.freeze({
  fine: 0,
  /** Differences, or a failed check. */
  differs: 1,
  /** Wrong usage, or input that cannot be read. */
  unusable: 2,
});

/** An error that a person can act on: what is wrong and what to do about it, one line each. */
export class CommandError extends Error {
  readonly remedy: string;
  readonly exit: number;

  constructor(what: string, remedy: string, exit: number = EXIT.unusable) {
    super(what);
    this.remedy = remedy;
    this.exit = exit;
  }
}

/** A command line that commander refused, or help and version that it has printed. */
export class UsageError extends CommandError {
  constructor(error: CommanderError, command: Command) {
    const names: string[] = [];
    for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
    const commands = command.commands.map((one) => one.name()).filter((name) => name !== 'demo' && name !== 'help');
    const what = error.code === 'commander.help' ? `takes a command: ${commands.join(', ')}` : error.message;
    super(
      what.replace(/^error: /, '').replace(/\n/g, ' '),
      `${names.join(' ')} --help shows what it takes`,
      error.exitCode === 0 ? EXIT.fine : EXIT.unusable,
    );
  }
}

const REMEDIES: Readonly<Partial<Record<AbiError['code'], string>>> = {
  E_UNKNOWN_NAME: 'hvabi list structs|hypercalls|vmbus|vpci|iommufd prints every name',
  E_NO_VERSION: 'hvabi layout NAME shows every version that --abi takes',
  E_TRUNCATED: 'check --as, --arch, --abi and --offset, or give more bytes',
  E_TRAILING: 'check --as and --length',
  E_HEX: 'force the dialect with --format, or --format raw for binary files',
  E_FORMAT: 'name the format with --format, or the structure with --as',
  E_RECORD: 'each line of a trace is one JSON object with a kind `k`; --format raw reads plain bytes',
  E_MISSING: 'give the field, or --defaults to fill the rest with zeros',
  E_UNKNOWN_FIELD: 'hvabi layout NAME shows the fields',
  E_TYPE: '64-bit values are decimal or "0x…" text, bytes are hex text, enumerations take their C names',
  E_RANGE: 'hvabi layout NAME shows the width of every field',
  E_ARM: 'a union takes an object with exactly one of its arms',
};

const UNPACKING: Readonly<Record<ForeignFormat, string>> = {
  gzip: 'unpack it: gunzip -c FILE | hvabi decode -; --format raw reads the bytes as they are',
  'UTF-16': 'convert it: iconv -f UTF-16 -t UTF-8 FILE | hvabi decode -; --format raw reads the bytes as they are',
};

/** The lines for stderr. `where` names file, record and byte where they are known and the text does not have them yet. */
export function errorLines(error: unknown, where = ''): string[] {
  return linesFor(error, where).map(terminalText);
}

function linesFor(error: unknown, where: string): string[] {
  const prefix = `hvabi: ${where ? `${where}: ` : ''}`;
  if (error instanceof CommandError) return [`${prefix}${error.message}`, `  ${error.remedy}`];
  if (error instanceof AbiError) {
    const remedy = error instanceof ForeignFormatError ? UNPACKING[error.foreign] : REMEDIES[error.code];
    return [`${prefix}${plainText(error.message)}`, ...(remedy ? [`  ${remedy}`] : [])];
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return systemLines(prefix, error);
  // A fault of the program itself: the lines of the stack are its own.
  return `${prefix}${error instanceof Error ? (error.stack ?? error.message) : String(error)}`.split('\n');
}

/** An error that carries another one's text: one code at the end, and no place twice. */
function plainText(message: string): string {
  return message
    .trim()
    .replace(/ \[E_\w+\](?=.* \[E_\w+\]$)/g, '')
    .replace(/(@0x[0-9a-f]+):\s+\1/g, '$1')
    .replace(/^@(0x[0-9a-f]+)/, 'byte $1');
}

function systemLines(prefix: string, error: Error & { code?: unknown; path?: unknown }): string[] {
  const path = typeof error.path === 'string' ? `${error.path}: ` : '';
  const known: Readonly<Record<string, readonly [string, string]>> = {
    ENOENT: ['no such file', 'check the path; - reads from standard input'],
    EACCES: ['permission denied', 'check who may read it'],
    EISDIR: ['is a directory', 'give the file inside it, such as events.jsonl'],
    ENOSPC: ['no space left for the output', 'write somewhere else'],
  };
  const found = known[String(error.code)];
  return found ? [`${prefix}${path}${found[0]}`, `  ${found[1]}`] : [`${prefix}${path}${error.message}`];
}

export function exitOf(error: unknown): number {
  return error instanceof CommandError ? error.exit : EXIT.unusable;
}

/** Says what ended the reading of `name`, behind record `last`. Returns the exit code; throws what is no fault of the input. */
export function inputFault(error: unknown, name: string, last: number | undefined): number {
  if (!(error instanceof AbiError || error instanceof CommandError)) throw error;
  complain(errorLines(error, last === undefined ? name : `${name}, behind record ${last}`));
  return exitOf(error);
}

/** Lines on standard error; a closed one is no reason to fail. */
export function complain(lines: readonly string[]): void {
  try {
    writeSync(2, `${lines.join('\n')}\n`);
  } catch {
    // Nobody reads it.
  }
}
