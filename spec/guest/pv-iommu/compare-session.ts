import type { GuestMachine } from '../../../src/guest/machine/guest-machine.js';
import { PagingDomain } from '../../../src/guest/pv-iommu/paging-domain.js';
import type { PvDevice } from '../../../src/guest/pv-iommu/pv-device.js';
import type { PvIommu } from '../../../src/guest/pv-iommu/pv-iommu.js';
import { type PvIommuOptions, startPvIommu } from '../../../src/guest/pv-iommu/start.js';
import { callsOf, type RecordedCall, type RecordedEvent, wordAt } from '../iommu-replay/recording.js';
import { TapeGate } from '../iommu-replay/tape-gate.js';
import { SIZES } from './fake-hypervisor.js';
import { got, PvRig } from './rig.js';

const ATTACH = 0xb2;
const CREATE = 0xb1;
const DETACH = 0xc4;
const FLUSH = 0xd0;
const FLUSH_LIST = 0xd1;
const PROPERTY = 0x127;
const CONFIGURE = 0xce;
const FAMILY: ReadonlySet<number> = new Set([...Object.keys(SIZES).map(Number), 0x48]);

/** The root of a table is where the guest's memory had a free page. */
const compared = (input: string, code: number): string =>
  code === CONFIGURE ? `${input.slice(0, 64)}${wordAt(input, 32) === 0n ? '' : 'root'}` : input;

export interface PvComparison {
  readonly calls: number;
  readonly same: number;
  readonly requests: number;
  /** `-`: recorded and not made; `+`: made and not recorded. */
  readonly differences: readonly string[];
}

/** Makes our driver do what a recorded one was asked for, with the recorded answers, and compares every call in order. */
export function comparePvSession(events: readonly RecordedEvent[], options: PvIommuOptions = {}): PvComparison {
  const session = new Session(callsOf(events, FAMILY), options);
  for (const { n, text } of events) session.pass(n, text);
  return session.end();
}

class Session {
  private readonly calls: readonly RecordedCall[];
  private readonly options: PvIommuOptions;
  private readonly tape: TapeGate;
  private readonly rig = new PvRig();
  private readonly machine: GuestMachine;
  private readonly devices = new Map<bigint, PvDevice>();
  private iommu: PvIommu | undefined;
  private user: { readonly device: PvDevice; readonly domain: PagingDomain } | undefined;
  /** Bytes of the user's mappings by first IOVA. */
  private readonly mapped = new Map<bigint, number>();
  private requests = 0;

  constructor(calls: readonly RecordedCall[], options: PvIommuOptions) {
    this.calls = calls;
    this.options = options;
    const { rig } = this;
    this.tape = new TapeGate(rig.memory, calls, { fixedBytes: SIZES, hasList: new Set([FLUSH_LIST]), compared });
    this.machine = {
      arch: 'x64',
      memory: rig.memory,
      frames: rig.frames,
      pages: rig.pages,
      queue: rig.queue,
      log: rig.log,
      cpus: [0, 1].map((cpu) => ({ cpu, gate: this.tape, present: true, online: true })),
      space: rig.space,
      handle: () => undefined,
      takeVector: () => undefined,
      giveVector: () => undefined,
    };
  }

  /** What was noted or called at a place of the recording. */
  pass(n: number, text: string | undefined): void {
    if (text !== undefined) this.note(text);
    else if (this.tape.next?.n === n) this.answer(this.tape.next);
  }

  end(): PvComparison {
    this.tape.end();
    const { same, differences } = this.tape;
    return { calls: this.calls.length, same, requests: this.requests, differences };
  }

  private note(text: string): void {
    const map = /^vfio map iova (0x\w+) size (0x\w+) pages \d+ (r[wo]) -> 0/.exec(text);
    if (map !== null) this.map(BigInt(map[1]!), Number(map[2]), map[3] === 'rw');
    const unmap = /^vfio unmap iova (0x\w+) size (0x\w+)/.exec(text);
    if (unmap !== null) this.unmap(BigInt(unmap[1]!));
    if (text === 'vfio closing') this.close();
  }

  /** A call that nothing asked for so far: somebody in the kernel did. */
  private answer(call: RecordedCall): void {
    const { code, input } = call;
    if (this.iommu === undefined) {
      const first = this.calls.findIndex((one) => one.code === PROPERTY);
      const onCpu = () => (this.tape.next?.vp ?? 0) % 2;
      const rules = { defaultDomain: this.kindBehind(first), onCpu, ...this.options };
      const started = startPvIommu(this.machine, this.rig.ids, rules);
      if (started.ok) this.iommu = started.value;
    } else if (code === PROPERTY) this.find(wordAt(input, 8));
    else if (code === FLUSH) this.ownerOf(call)?.flushAll();
    else if (code === FLUSH_LIST) this.flushOwn(call);
    else if (code === ATTACH || code === CREATE || code === DETACH) this.move(this.calls.indexOf(call));
  }

  /** What a device got when it was found, by what is called next. */
  private kindBehind(at: number): 'paging' | 'identity' | 'blocked' | 'none' {
    const next = this.calls[at + 1];
    if (at < 0 || next === undefined) return 'none';
    if (next.code === CREATE) return 'paging';
    return next.code === ATTACH ? (idOf(next) === 1 ? 'identity' : 'blocked') : 'none';
  }

  private find(id: bigint): void {
    const prefix = Number(id) & ~7;
    const domain = (prefix >>> 16) & 0xffff;
    this.rig.ids.registerBus(domain, prefix >>> 0);
    const added = this.iommu!.add({ domain, devfn: Number(id & 7n) });
    if (added.ok) this.devices.set(id, added.value);
  }

  /** A change of default domain, the start of a user's session, or the end of a device. */
  private move(at: number): void {
    const iommu = this.iommu!;
    const to = this.calls.findIndex((call, i) => i >= at && call.code === ATTACH);
    const device = to < 0 ? undefined : this.devices.get(wordAt(this.calls[to]!.input, 24));
    if (device === undefined) return;
    const target = idOf(this.calls[to]!);
    this.requests++;
    if (target === iommu.identity.id) iommu.changeDefault(device, 'identity');
    else if (target !== iommu.blocked.id) iommu.changeDefault(device, 'paging');
    else if (this.calls[to + 1]?.code === CREATE) {
      iommu.attach(device, iommu.blocked);
      const domain = got(iommu.allocate());
      iommu.attach(device, domain);
      this.user = { device, domain };
    } else iommu.release(device);
  }

  private ownerOf(call: RecordedCall): PagingDomain | undefined {
    for (const device of this.devices.values()) {
      const domain = this.iommu!.defaultOf(device);
      if (domain instanceof PagingDomain && domain.id === idOf(call)) return domain;
    }
    return undefined;
  }

  /** The device's own driver ended a mapping; a user's is noted behind its calls. */
  private flushOwn(call: RecordedCall): void {
    const domain = this.ownerOf(call);
    if (domain === undefined) return;
    const entries = Array.from({ length: call.reps }, (_, i) => wordAt(call.input, 32 + 8 * i));
    const start = (entries[0]! >> 12n) << 12n;
    const last = entries.at(-1)!;
    const length = Number(((last >> 12n) << 12n) + (4096n << (last & 0x3fn)) - start);
    this.requests++;
    got(domain.map(start, Number(start), length));
    domain.unmap(start, length);
  }

  /** Where its pages lie is of no account: tables are the guest's own. */
  private map(iova: bigint, length: number, write: boolean): void {
    if (this.user === undefined) return;
    this.requests++;
    got(this.user.domain.map(iova, Number(iova) + 4096, length, write));
    this.mapped.set(iova, length);
  }

  private unmap(iova: bigint): void {
    const length = this.mapped.get(iova);
    if (this.user === undefined || length === undefined) return;
    this.requests++;
    this.mapped.delete(iova);
    this.user.domain.unmap(iova, length);
  }

  private close(): void {
    if (this.user === undefined) return;
    const iommu = this.iommu!;
    const { device, domain } = this.user;
    iommu.attach(device, iommu.blocked);
    for (const [iova] of Array.from(this.mapped).sort(([a], [b]) => (a < b ? -1 : 1))) this.unmap(iova);
    iommu.freeDomain(domain);
    const own = iommu.defaultOf(device);
    if (own !== undefined) iommu.attach(device, own);
    this.user = undefined;
  }
}

function idOf({ input }: RecordedCall): number {
  return Number(wordAt(input, 16) >> 32n);
}
