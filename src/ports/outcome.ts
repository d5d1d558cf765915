/** Negative Linux errno of a driver operation, by name. Expected failures are values, never exceptions. */
export type Errno =
  | 'E2BIG'
  | 'EAGAIN'
  | 'EBADF'
  | 'EBUSY'
  | 'EEXIST'
  | 'EFAULT'
  | 'EINVAL'
  | 'EIO'
  | 'ENODEV'
  | 'ENOENT'
  | 'ENOMEM'
  | 'ENOSPC'
  | 'ENOTEMPTY'
  | 'ENOTTY'
  | 'EOPNOTSUPP'
  | 'EPROTO'
  | 'ESPIPE'
  | 'ETIMEDOUT';

/** What a driver operation that may fail gives; `status` is the HV_STATUS or NTSTATUS behind the errno, where there is one. */
export type Outcome<T = void> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errno: Errno; readonly status?: number };

/** Success without a value. */
export const DONE: Outcome = { ok: true, value: undefined };

export function success<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function failure(errno: Errno, status?: number): { ok: false; errno: Errno; status?: number } {
  return status === undefined ? { ok: false, errno } : { ok: false, errno, status };
}
