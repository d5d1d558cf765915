import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { AbiError } from '../../src/bytes/errors.js';
import { type InputOptions, readRecords } from '../../src/capture/input.node.js';
import type { DecodedRecord } from '../../src/capture/record.js';
import { withTempFolder } from './project.js';

/** Reads a file of these bytes; what comes out, and what was thrown at the end. */
export async function read(
  content: string | Uint8Array,
  options: InputOptions = {},
  name = 'input',
): Promise<{ records: DecodedRecord[]; error: AbiError | undefined }> {
  return withTempFolder((folder) => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return drain(file, options);
  });
}

export function drain(
  file: string | number,
  options: InputOptions = {},
): { records: DecodedRecord[]; error: AbiError | undefined } {
  const records: DecodedRecord[] = [];
  try {
    for (const record of readRecords(file, options)) records.push(record);
  } catch (error) {
    assert.instance(error, AbiError);
    return { records, error: error as AbiError };
  }
  return { records, error: undefined };
}

export const bytesOfText = (text: string): Uint8Array => new TextEncoder().encode(text);
