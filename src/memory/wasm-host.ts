/**
 * The part of WebAssembly that is used here, by structure: Node's types have none, and a host may lack it or forbid it.
 */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
}

export interface WasmHost {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => WasmMemory;
  readonly Module: new (binary: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
}

/** Bytes of a page of WebAssembly memory. */
export const WASM_PAGE_SIZE = 0x10000;
/** Pages that 32-bit addresses reach. */
export const MAX_WASM_PAGES = 0x10000;

/** WebAssembly of this host, undefined where it has none. */
export function wasmHost(): WasmHost | undefined {
  return (globalThis as { readonly WebAssembly?: WasmHost }).WebAssembly;
}

/**
 * A shared memory of at least `bytes`, zeroed; undefined where the host has none of that size or kind. V8 keeps gigabytes of
 * address space for each, so a process can have some dozens.
 */
export function makeWasmMemory(bytes: number): WasmMemory | undefined {
  const pages = Math.ceil(bytes / WASM_PAGE_SIZE);
  const host = wasmHost();
  if (host === undefined || pages > MAX_WASM_PAGES) return undefined;
  try {
    const memory = new host.Memory({ initial: pages, maximum: pages, shared: true });
    return memory.buffer instanceof SharedArrayBuffer ? memory : undefined;
  } catch {
    return undefined;
  }
}
