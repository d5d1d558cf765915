/** A DataView over any bytes, without copying. */
export function viewOf(bytes: ArrayBufferView | ArrayBufferLike): DataView {
  if (bytes instanceof DataView) return bytes;
  if (ArrayBuffer.isView(bytes)) return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new DataView(bytes);
}

function requireInside(view: DataView, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= view.byteLength))
    throw new RangeError(`${length} bytes at ${offset} are not all in a view of ${view.byteLength}`);
}

/** A Uint8Array over the same memory as `view`. Throws RangeError outside of it, even where its buffer is larger. */
export function bytesOf(view: DataView, offset = 0, length = view.byteLength - offset): Uint8Array {
  requireInside(view, offset, length);
  return new Uint8Array(view.buffer, view.byteOffset + offset, length);
}

const SHORT = 16;

/** A copy of `length` bytes; never shared memory, whatever the view is over. Throws as bytesOf. */
export function copyBytes(view: DataView, offset: number, length: number): Uint8Array {
  requireInside(view, offset, length);
  const out = new Uint8Array(length);
  // Of a few bytes each is cheaper than a window on them: reserved fields are mostly so short.
  if (length <= SHORT) for (let i = 0; i < length; i++) out[i] = view.getUint8(offset + i);
  else out.set(bytesOf(view, offset, length));
  return out;
}

/** A DataView over a copy of `length` bytes. */
export function copyView(view: DataView, offset: number, length: number): DataView {
  return new DataView(copyBytes(view, offset, length).buffer);
}

/** True when `length` bytes from `offset` are zero. */
export function isZero(view: DataView, offset: number, length: number): boolean {
  let at = offset;
  const end = offset + length;
  for (; at + 4 <= end; at += 4) if (view.getUint32(at, true) !== 0) return false;
  for (; at < end; at++) if (view.getUint8(at) !== 0) return false;
  return true;
}

/** Clears `length` bytes from `offset`. */
export function clear(view: DataView, offset: number, length: number): void {
  bytesOf(view, offset, length).fill(0);
}
