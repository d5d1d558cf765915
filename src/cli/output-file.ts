import { RecordFile } from '../capture/record-file.node.js';
import { CommandError } from './exit.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such folder',
  ENOTDIR: 'no such folder',
  EACCES: 'permission denied',
  EROFS: 'read-only file system',
  EISDIR: 'is a directory',
};

/** Does what makes the file at `path`. Throws CommandError where the system refuses. */
export function writingTo<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? REASONS[String(error.code)] : undefined;
    if (reason === undefined) throw error;
    throw new CommandError(`${path}: cannot be written: ${reason}`, 'name a file in a folder that is there and yours');
  }
}

/** The file that `--record` names. Throws CommandError where it cannot be made. */
export function openRecord(path: string | undefined): RecordFile | undefined {
  if (path === '-')
    throw new CommandError('--record -: standard output is for what happens', 'name a file; ./- is one of that name');
  return path === undefined ? undefined : writingTo(path, () => new RecordFile(path));
}
