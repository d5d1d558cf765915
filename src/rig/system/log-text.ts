import { hexNumber } from '../../bytes/hex.js';
import type { LogLine } from '../../ports/log-sink.js';

/** What is nobody's fault and yet explains what a reader sees. */
const TOLD: Readonly<Record<string, (fields: NonNullable<LogLine['fields']>) => string>> = {
  'vmbus-close-after-rescind': ({ relid }) => `channel ${String(relid)} is closed behind its rescind, as Linux does`,
};

/** A line of the log in words; undefined for one that no reader needs. */
export function logText({ level, code, fields = {} }: LogLine): string | undefined {
  if (level === 'info') return TOLD[code]?.(fields);
  const words = Object.entries(fields).map(([key, value]) => `${key} ${wordOf(value)}`);
  return [`${level}: ${code}`, words.join(', ')].join(' ').trimEnd();
}

function wordOf(value: unknown): string {
  if (typeof value === 'bigint') return hexNumber(BigInt.asUintN(64, value));
  if (Array.isArray(value)) return value.map(wordOf).join(' ');
  return String(value);
}
