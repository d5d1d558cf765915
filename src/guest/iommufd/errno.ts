import type { Errno } from '../../ports/outcome.js';

/** What an operation on an iommufd file may fail with: those of a driver operation, and those that only files know. */
export type FileErrno = Errno | 'EFAULT' | 'ENOTTY' | 'ESPIPE';

/** As Outcome, with the errors of files. */
export type Reply<T = void> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errno: FileErrno };

/** A refusal. */
export function refusal(errno: FileErrno): { ok: false; errno: FileErrno } {
  return { ok: false, errno };
}
