import type { Message, MessageForm } from '../layout/messages.js';

/** A request that waits for its answer. */
export interface Pending {
  /** Record number of the request. */
  readonly n: number;
  readonly message: Message;
  readonly form: MessageForm;
}

/** What has been seen of one VMBus channel. */
export interface Channel {
  readonly relid: number;
  /** Class GUID of the offer; undefined when the offer was not recorded. */
  readonly classGuid?: string;
  readonly instanceGuid?: string;
  /** Protocol version that the two ends agreed on, as the device class numbers them. */
  protocol?: number;
  /** Version asked for in the request whose completion decides. */
  asked?: number;
  /** By direction of the request and transaction id. */
  readonly pending: Map<string, Pending>;
}

/** What the descriptor of a queue stands for: page faults, or events of a type, with headers or (2024) without. */
export interface QueueFile {
  readonly object: 'fault' | 'veventq' | 'virq';
  readonly type: number;
}

/** More channels than VMBus has event flags for (2048), and more requests than any driver leaves open. */
const MOST = 4096;

/** Sets a key; where there are too many, the oldest goes, as no answer to it will come any more. */
export function remember<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MOST) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

/** State that later records are read with: negotiated versions, offers, open requests. Bounded, whatever the trace holds. */
export class Session {
  /** VMBus version asked for last, and the one agreed on. */
  vmbusAsked: number | undefined;
  vmbusVersion: number | undefined;
  vmbusFeatures: number | undefined;
  private readonly files = new Map<number, QueueFile>();
  /** Which file of its number a descriptor is: another one with each that is opened or closed. */
  private readonly generations = new Map<number, number>();
  private lastGeneration = 0;
  private readonly channels = new Map<number, Channel>();
  /** Record numbers of VMBus requests by what their answer will carry. */
  private readonly waiting = new Map<string, number>();

  /** A new offer of a relid forgets what the number stood for before. */
  offer(relid: number, classGuid: string, instanceGuid: string): void {
    remember(this.channels, relid, { relid, classGuid, instanceGuid, pending: new Map() });
  }

  /** The channel, made when it was never offered in this capture. */
  channel(relid: number): Channel {
    let channel = this.channels.get(relid);
    if (channel === undefined) {
      channel = { relid, pending: new Map() };
      remember(this.channels, relid, channel);
    }
    return channel;
  }

  find(relid: number): Channel | undefined {
    return this.channels.get(relid);
  }

  forget(relid: number): void {
    this.channels.delete(relid);
  }

  /** What the descriptor of a queue stands for. */
  file(fd: number): QueueFile | undefined {
    return this.files.get(fd);
  }

  openFile(fd: number, file: QueueFile): void {
    this.closeFile(fd);
    remember(this.files, fd, file);
  }

  /** Forgets what a descriptor stands for, and what was expected of it. */
  closeFile(fd: number): void {
    this.files.delete(fd);
    remember(this.generations, fd, ++this.lastGeneration);
  }

  /** A key for expectations of what is open as `fd` now: not that of another file with the same number. */
  fileKey(fd: number): string {
    return `${fd}.${this.generations.get(fd) ?? 0}`;
  }

  expect(key: string, n: number): void {
    remember(this.waiting, key, n);
  }

  /** Record number of the request with this key; answered once. */
  answer(key: string): number | undefined {
    const n = this.waiting.get(key);
    this.waiting.delete(key);
    return n;
  }
}
