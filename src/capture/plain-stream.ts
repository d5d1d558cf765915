import { iommu_hwpt_pgfault } from '../abi/iommufd/fault.js';
import { iommu_veventq_type, iommufd_vevent_header } from '../abi/iommufd/viommu.js';
import { viewOf } from '../bytes/span.js';
import type { Direction } from '../layout/messages.js';
import { type Setting, structPart } from './locate.js';
import { DESCRIPTOR, locatePacket, TRAILER } from './packet-part.js';
import type { Part } from './record.js';
import type { Session } from './session.js';
import { VEVENT_HEADER, veventPart, veventSize } from './vevent-part.js';

/** Plain bytes in which each record says how long it is: the data of a ring, what a queue of /dev/iommu gives to its reader. */
export interface PlainStream {
  /** Kind of its records. */
  readonly kind: string;
  /** Bytes that it takes to tell the size of the next record. */
  readonly head: number;
  /** Bytes of the record at `at`, more than none whatever stands there. */
  sizeAt(view: DataView, at: number): number;
  /** The record in `bytes`, the last of which may be cut. */
  locate(bytes: Uint8Array, n: number): StreamRecord;
}

export interface StreamRecord {
  readonly part: Part;
  readonly name: string | undefined;
  readonly direction?: Direction;
  /** Record number of the request that this one answers. */
  readonly request?: number | undefined;
}

export interface StreamOptions {
  readonly setting: Setting;
  readonly session: Session;
  readonly direction?: Direction | undefined;
  /** vPCI protocol version. */
  readonly proto?: number | undefined;
}

const { IOMMU_VEVENTQ_TYPE_DEFAULT, IOMMU_VEVENTQ_TYPE_ARM_SMMUV3 } = iommu_veventq_type;

/** What `as` takes for streams, whatever the case: a queue of events is also named by its type. */
const STREAMS: ReadonlyMap<string, (options: StreamOptions) => PlainStream> = new Map([
  ['ring', ringStream],
  ['faultq', faultStream],
  ['veventq', (options: StreamOptions) => veventStream(options, IOMMU_VEVENTQ_TYPE_ARM_SMMUV3)],
  ...Object.entries<number>(iommu_veventq_type)
    .filter(([, type]) => type !== IOMMU_VEVENTQ_TYPE_DEFAULT)
    .map(([name, type]) => [name.toLowerCase(), (options: StreamOptions) => veventStream(options, type)] as const),
]);

/** The stream of that name, with its state; undefined for names of structures, calls and messages. */
export function streamOf(name: string, options: StreamOptions): PlainStream | undefined {
  return STREAMS.get(name.toLowerCase())?.(options);
}

function ringStream({ setting, session, direction = 'guest->host', proto }: StreamOptions): PlainStream {
  return {
    kind: 'ring',
    head: DESCRIPTOR,
    // A length below the descriptor would never move on.
    sizeAt: (view, at) => Math.max(view.getUint16(at + 4, true) * 8, DESCRIPTOR) + TRAILER,
    locate(bytes, n) {
      const channel = session.channel(0);
      if (proto !== undefined) channel.protocol = proto;
      const place = { view: viewOf(bytes), offset: 0, end: bytes.length };
      return { ...locatePacket(place, direction, 0, n, setting, session), direction };
    },
  };
}

function veventStream({ setting }: StreamOptions, type: number): PlainStream {
  return {
    kind: 'veventq',
    head: VEVENT_HEADER,
    sizeAt: (view, at) => veventSize(view, at, type) ?? VEVENT_HEADER,
    locate(bytes) {
      const part = veventPart({ label: '', view: viewOf(bytes), offset: 0, end: bytes.length }, type, setting);
      // One that says that events were lost has a name of its own.
      return { part, name: part.name ?? iommufd_vevent_header.name };
    },
  };
}

function faultStream({ setting }: StreamOptions): PlainStream {
  const { name, size } = iommu_hwpt_pgfault;
  return {
    kind: 'faultq',
    head: size,
    sizeAt: () => size,
    locate: (bytes) => ({
      part: structPart({ label: '', view: viewOf(bytes), offset: 0, end: bytes.length }, iommu_hwpt_pgfault, setting),
      name,
    }),
  };
}
