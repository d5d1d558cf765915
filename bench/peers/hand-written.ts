// What somebody writes who has no library and one struct.

export interface Descriptor {
  type: number;
  offset8: number;
  len8: number;
  flags: number;
  trans_id: bigint;
}

export function readDescriptor(view: DataView, at: number): Descriptor {
  return {
    type: view.getUint16(at, true),
    offset8: view.getUint16(at + 2, true),
    len8: view.getUint16(at + 4, true),
    flags: view.getUint16(at + 6, true),
    trans_id: view.getBigUint64(at + 8, true),
  };
}

export function writeDescriptor(value: Descriptor, view: DataView, at: number): void {
  view.setUint16(at, value.type, true);
  view.setUint16(at + 2, value.offset8, true);
  view.setUint16(at + 4, value.len8, true);
  view.setUint16(at + 6, value.flags, true);
  view.setBigUint64(at + 8, value.trans_id, true);
}
