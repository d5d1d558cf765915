// Dumps in the shapes of tools that cannot run here, written from their documented forms and with no code of src/files.

const hex = (value: number | bigint, digits: number) => value.toString(16).padStart(digits, '0');

/** Printable ASCII as it is, anything else as a dot. */
export function characters(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('');
}

function word(bytes: Uint8Array, at: number, size: number): string {
  let text = '';
  for (let i = size - 1; i >= 0; i--) text += hex(bytes[at + i]!, 2);
  return text;
}

function rows(bytes: Uint8Array, width: number): { at: number; row: Uint8Array }[] {
  const list = [];
  for (let at = 0; at < bytes.length; at += width) list.push({ at, row: bytes.subarray(at, at + width) });
  return list;
}

function words(row: Uint8Array, size: number): string[] {
  return Array.from({ length: Math.floor(row.length / size) }, (_, i) => word(row, i * size, size));
}

const tick = (text: string) => `${text.slice(0, 8)}\`${text.slice(8)}`;

/** WinDbg db: a dash behind the eighth byte, `??` for bytes of `unreadable`, two spaces, characters. */
export function windbgBytes(bytes: Uint8Array, base: bigint, unreadable = new Set<number>()): string {
  return rows(bytes, 16)
    .map(({ at, row }) => {
      let text = '';
      let chars = '';
      for (let i = 0; i < 16; i++) {
        const lost = unreadable.has(at + i);
        if (i > 0 && i < row.length) text += i === 8 ? '-' : ' ';
        if (i < row.length) text += lost ? '??' : hex(row[i]!, 2);
        if (i < row.length) chars += lost ? '?' : characters(row.subarray(i, i + 1));
      }
      return `${tick(hex(base + BigInt(at), 16))}  ${text.padEnd(47)}  ${chars}\n`;
    })
    .join('');
}

/** WinDbg dw, dd, dq: values, the halves of a quadword joined by a backtick. */
export function windbgWords(bytes: Uint8Array, base: bigint, size: 2 | 4 | 8): string {
  return rows(bytes, 16)
    .map(({ at, row }) => {
      const shown = words(row, size).map((value) => (size === 8 ? tick(value) : value));
      return `${tick(hex(base + BigInt(at), 16))}  ${shown.join(' ')}\n`;
    })
    .join('');
}

/** WinDbg !db: `#`, the address in eight columns, one space each; always sixteen characters, read past the end. */
export function windbgPhysicalBytes(bytes: Uint8Array, base: number, beyond: Uint8Array): string {
  return rows(bytes, 16)
    .map(({ at, row }) => {
      const pairs = Array.from(row, (b, i) => (i === 0 ? '' : i === 8 ? '-' : ' ') + hex(b, 2)).join('');
      const shown = Uint8Array.from([...row, ...beyond]).subarray(0, 16);
      return `#${(base + at).toString(16).padStart(8)} ${pairs} ${characters(shown)}\n`;
    })
    .join('');
}

/** WinDbg !dd and !dq. */
export function windbgPhysicalWords(bytes: Uint8Array, base: number, size: 4 | 8): string {
  return rows(bytes, 16)
    .map(({ at, row }) => {
      const shown = words(row, size).map((value) => (size === 8 ? tick(value) : value));
      return `#${(base + at).toString(16).padStart(8)} ${shown.join(' ')}\n`;
    })
    .join('');
}

/** crash's rd: a colon, two spaces, each word followed by a space, characters two spaces behind a fixed column. */
export function crashWords(bytes: Uint8Array, base: bigint, size: 1 | 2 | 4 | 8): string {
  const width = (16 / size) * (size * 2 + 1);
  return rows(bytes, 16)
    .map(({ at, row }) => {
      const shown = words(row, size)
        .map((value) => `${value} `)
        .join('');
      return `${hex(base + BigInt(at), 16)}:  ${shown.padEnd(width)}  ${characters(row)}\n`;
    })
    .join('');
}

/** gdb's x command: a tab before each word, the name of the place on request. */
export function gdbWords(bytes: Uint8Array, base: bigint, size: 1 | 2 | 4 | 8, symbol?: string): string {
  return rows(bytes, size === 1 ? 8 : 16)
    .map(({ at, row }) => {
      const name = symbol === undefined ? '' : ` <${symbol}${at === 0 ? '' : `+${at}`}>`;
      return `0x${hex(base + BigInt(at), 1)}${name}:${words(row, size)
        .map((value) => `\t0x${value}`)
        .join('')}\n`;
    })
    .join('');
}

/** QEMU's monitor, xp /gx and /wx. */
export function monitorWords(bytes: Uint8Array, base: bigint, size: 1 | 2 | 4 | 8): string {
  return rows(bytes, 16)
    .map(
      ({ at, row }) =>
        `${hex(base + BigInt(at), 16)}:${words(row, size)
          .map((value) => ` 0x${value}`)
          .join('')}\n`,
    )
    .join('');
}

export interface KernelDump {
  readonly rowSize: 16 | 32;
  readonly groupSize: 1 | 2 | 4 | 8;
  readonly ascii: boolean;
  /** What stands before each row, the address included. */
  readonly prefix: (at: number) => string;
}

/** print_hex_dump: a row that is no multiple of the group prints single bytes; characters in a fixed column. */
export function kernelDump(bytes: Uint8Array, dump: KernelDump): string {
  return rows(bytes, dump.rowSize)
    .map(({ at, row }) => {
      const size = row.length % dump.groupSize === 0 ? dump.groupSize : 1;
      const column = dump.rowSize * 2 + dump.rowSize / size + 1;
      const shown = words(row, size).join(' ');
      return `${dump.prefix(at)}${dump.ascii ? shown.padEnd(column) + characters(row) : shown}\n`;
    })
    .join('');
}
