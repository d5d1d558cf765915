import { AbiError } from '../bytes/errors.js';
import type { HexDialect } from './hex-image.js';

const TOOL: Record<HexDialect, string> = {
  xxd: 'xxd output',
  'xxd-le': 'xxd -e output',
  hexdump: 'hexdump -C output',
  'hexdump-words': 'hexdump output',
  od: 'od output',
  windbg: 'WinDbg output',
  gdb: 'gdb output',
  crash: 'crash output',
  'kernel-log': 'a kernel log',
  bpftrace: 'bpftrace output',
  'c-array': 'a C array',
  plain: 'plain hex',
};

function remedyFor(dialect: HexDialect | undefined): string {
  if (dialect === undefined) return 'give the dialect with --format';
  if (dialect === 'plain') return 'use --format with the name of the tool if this is a dump with addresses';
  return `use --format plain if this is not ${TOOL[dialect]}`;
}

/**
 * Hex text that cannot be read. `line` and `column` are 1-based; the text names both, what was expected, what was found
 * and what to do. `dialect` is the one being read, absent when none was recognised.
 */
export class HexTextError extends AbiError {
  readonly line: number;
  readonly column: number;
  readonly dialect: HexDialect | undefined;

  constructor(what: string, at: { line: number; column: number; dialect?: HexDialect | undefined }) {
    super('E_HEX', `line ${at.line}, column ${at.column}: ${what}`);
    this.message += `; ${remedyFor(at.dialect)}`;
    this.line = at.line;
    this.column = at.column;
    this.dialect = at.dialect;
  }
}
