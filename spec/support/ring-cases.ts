import type { OutgoingPacket } from '../../src/ring/outgoing.js';
import { pageBufferRanges } from '../../src/ring/ranges.js';
import { randomBytes } from './random.js';

/** One packet of every kind and shape a writer makes, with its bytes in the ring, trailer included. */
export const PACKET_CASES: readonly {
  readonly note: string;
  readonly packet: OutgoingPacket;
  readonly bytes: number;
}[] = [
  { note: 'in-band, empty', packet: { kind: 'in-band', payload: new Uint8Array(0), transactionId: 7n }, bytes: 24 },
  { note: 'in-band, 5 bytes', packet: { kind: 'in-band', payload: randomBytes(5, 1) }, bytes: 32 },
  {
    note: 'in-band, completion requested, 24 bytes',
    packet: { kind: 'in-band', payload: randomBytes(24, 2), transactionId: 0x1122334455667788n, completion: true },
    bytes: 48,
  },
  {
    note: 'completion, 20 bytes',
    packet: { kind: 'completion', payload: randomBytes(20, 3), transactionId: 0xffff_ffff_ffff_fffen },
    bytes: 48,
  },
  {
    note: 'GPA direct, two ranges',
    packet: {
      kind: 'gpa-direct',
      transactionId: 6n,
      ranges: [
        { lengthBytes: 0x1800, offsetBytes: 0x80, pfns: [0x100n, 0x205n] },
        { lengthBytes: 0x1000, offsetBytes: 0, pfns: [3n] },
      ],
      payload: randomBytes(8, 4),
    },
    bytes: 80,
  },
  {
    note: 'GPA direct, page buffers',
    packet: {
      kind: 'gpa-direct',
      transactionId: 9n,
      ranges: pageBufferRanges([
        { lengthBytes: 64, offsetBytes: 0xfc0, pfn: 0xf_ffff_ffffn },
        { lengthBytes: 4096, offsetBytes: 0, pfn: 5n },
        { lengthBytes: 1, offsetBytes: 0xfff, pfn: 6n },
      ]),
      payload: randomBytes(11, 5),
    },
    bytes: 96,
  },
  {
    note: 'GPA direct, one range of many pages',
    packet: {
      kind: 'gpa-direct',
      transactionId: 10n,
      ranges: [{ lengthBytes: 5 * 4096, offsetBytes: 1, pfns: [1n, 2n, 3n, 4n, 5n, 6n] }],
      payload: new Uint8Array(0),
    },
    bytes: 88,
  },
  {
    note: 'transfer pages, two ranges',
    packet: {
      kind: 'transfer-pages',
      transactionId: 11n,
      setId: 0xface,
      senderOwnsSet: true,
      ranges: [
        { lengthBytes: 100, offsetBytes: 0x2000 },
        { lengthBytes: 0xffff_ffff, offsetBytes: 0xffff_fff0 },
      ],
      payload: randomBytes(40, 6),
    },
    bytes: 88,
  },
  {
    note: 'transfer pages, no ranges',
    packet: { kind: 'transfer-pages', transactionId: 12n, setId: 1, ranges: [], payload: randomBytes(3, 7) },
    bytes: 40,
  },
];
