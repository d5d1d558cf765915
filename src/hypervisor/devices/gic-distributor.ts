import {
  FIRST_SPI,
  GICD_CLRSPI_NSR,
  GICD_CTLR,
  GICD_ICACTIVER,
  GICD_ICENABLER,
  GICD_ICFGR,
  GICD_ICFGR_EDGE,
  GICD_ICPENDR,
  GICD_IGROUPR,
  GICD_IPRIORITYR,
  GICD_IROUTER,
  GICD_ISACTIVER,
  GICD_ISENABLER,
  GICD_ISPENDR,
  GICD_PIDR2,
  GICD_SETSPI_NSR,
  GICD_TYPER,
  LAST_SPI,
} from '../../hardware/gicd.js';
import type { MmioDevice } from '../../ports/host-port.js';
import type { AccessSize } from './device-space.js';

export const GICD_BYTES = 0x10000;

const ENABLE_GROUPS = 3;
const AFFINITY_ROUTING = 1 << 4;
const ONE_SECURITY_STATE = 1 << 6;
/** 1,020 interrupts, numbers of 10 bits, SPIs by message. */
const TYPER = 31 | (1 << 16) | (9 << 19);
/** GICv3. */
const PIDR2 = 3 << 4;
const LINES = 1024;
/** GICD_IROUTER: any VP may get it. */
const ANY = 1 << 31;
/** GICD_IROUTER: Aff0 to Aff2, Aff3 in the upper half. */
const AFFINITY_LO = 0x00ffffff;
const AFFINITY_HI = 0xff;

export interface GicDistributorOptions {
  /** VP indices, ascending. */
  readonly vps: readonly number[];
  /** Affinity as GICD_IROUTER holds it: by default the VP index in fields of 8 bits. */
  readonly affinityOf?: ((vp: number) => bigint) | undefined;
  /** Interrupts a VP when the guest's access lets an SPI through that waited. */
  deliver(vp: number, intid: number): void;
  /**
   * `explicit`: an SPI that was delivered is active, and waits when it comes again, until `endOfInterrupt`. `automatic`: whoever
   * takes an interrupt is done with it, as no access to the distributor says when.
   */
  readonly completion?: 'automatic' | 'explicit';
}

/**
 * The distributor of a GICv3 as far as SPIs go (ARM-16): enabled, edge, target and state of each. It starts as firmware leaves it,
 * forwarding, with every SPI off and aimed at affinity 0.
 */
export class GicDistributor implements MmioDevice {
  private readonly vps: readonly number[];
  private readonly vpOf = new Map<bigint, number>();
  private readonly deliver: (vp: number, intid: number) => void;
  private readonly isExplicit: boolean;
  private control = ENABLE_GROUPS;
  private readonly group = new Uint32Array(LINES / 32);
  private readonly enabled = new Uint32Array(LINES / 32);
  private readonly pending = new Uint32Array(LINES / 32);
  private readonly active = new Uint32Array(LINES / 32);
  private readonly trigger = new Uint32Array(LINES / 16);
  private readonly priority = new Uint8Array(LINES);
  private readonly router = new Uint32Array(LINES * 2);

  constructor({ vps, affinityOf = spreadIndex, deliver, completion = 'automatic' }: GicDistributorOptions) {
    this.vps = vps;
    for (const vp of vps) this.vpOf.set(affinityOf(vp), vp);
    this.deliver = deliver;
    this.isExplicit = completion === 'explicit';
  }

  /**
   * A device's edge: the VPs to interrupt now. An SPI that is off, active or aimed at nobody stays pending and is delivered when
   * that changes. Undefined for a number that is no SPI.
   */
  signal(intid: number): readonly number[] | undefined {
    if (!isSpi(intid)) return undefined;
    setBit(this.pending, intid);
    const vp = this.release(intid);
    return vp === undefined ? [] : [vp];
  }

  /** The VP's ICC_EOIR1_EL1 write: the SPI is active no longer, and comes again if it was signalled meanwhile. */
  endOfInterrupt(intid: number): void {
    if (!isSpi(intid)) return;
    clearBit(this.active, intid);
    this.forward(intid);
  }

  /** VP that an SPI is aimed at; undefined when none has that affinity. */
  targetOf(intid: number): number | undefined {
    if (!isSpi(intid)) return undefined;
    const lo = this.router[2 * intid]!;
    if ((lo & ANY) !== 0) return this.vps[0];
    const hi = this.router[2 * intid + 1]!;
    return this.vpOf.get((BigInt(hi & AFFINITY_HI) << 32n) | BigInt(lo & AFFINITY_LO));
  }

  isEnabled(intid: number): boolean {
    return isSpi(intid) && hasBit(this.enabled, intid);
  }

  isPending(intid: number): boolean {
    return isSpi(intid) && hasBit(this.pending, intid);
  }

  isActive(intid: number): boolean {
    return isSpi(intid) && hasBit(this.active, intid);
  }

  /** Edge-triggered, as GICD_ICFGR says; a device's write is an edge either way. */
  isEdge(intid: number): boolean {
    return isSpi(intid) && ((this.trigger[intid >> 4]! >>> ((intid & 15) * 2)) & GICD_ICFGR_EDGE) !== 0;
  }

  read(offset: number, size: AccessSize): bigint {
    if (inBank(offset, GICD_IROUTER, LINES * 8)) return this.readRouter(offset - GICD_IROUTER, size);
    if (inBank(offset, GICD_IPRIORITYR, LINES)) return this.readPriority(offset - GICD_IPRIORITYR, size);
    if (size !== 4 || offset % 4 !== 0) return 0n;
    return BigInt(this.readWord(offset) >>> 0);
  }

  write(offset: number, size: AccessSize, value: bigint): void {
    if (inBank(offset, GICD_IROUTER, LINES * 8)) this.writeRouter(offset - GICD_IROUTER, size, value);
    else if (inBank(offset, GICD_IPRIORITYR, LINES)) this.writePriority(offset - GICD_IPRIORITYR, size, value);
    else if (size === 4 && offset % 4 === 0) this.writeWord(offset, Number(BigInt.asUintN(32, value)));
  }

  region(offset: number): string {
    return `gicd+0x${offset.toString(16)}`;
  }

  private readWord(offset: number): number {
    if (offset === GICD_CTLR) return this.control | AFFINITY_ROUTING | ONE_SECURITY_STATE;
    if (offset === GICD_TYPER) return TYPER;
    if (offset === GICD_PIDR2) return PIDR2;
    if (inBank(offset, GICD_ICFGR, LINES / 4)) return this.trigger[(offset - GICD_ICFGR) >> 2]!;
    return this.bankOf(offset)?.[(offset & 0x7f) >> 2] ?? 0;
  }

  private writeWord(offset: number, value: number): void {
    if (offset === GICD_CTLR) {
      this.control = value & ENABLE_GROUPS;
      for (let bank = 1; bank < LINES / 32; bank++) this.forwardBits(bank, this.pending[bank]!);
    } else if (offset === GICD_SETSPI_NSR) this.forwardSignal(value & 0x3ff);
    else if (offset === GICD_CLRSPI_NSR) {
      if (isSpi(value & 0x3ff)) clearBit(this.pending, value & 0x3ff);
    } else if (inBank(offset, GICD_ICFGR, LINES / 4)) {
      const at = (offset - GICD_ICFGR) >> 2;
      // SGIs and PPIs are each VP's own; only the upper bit of a pair means something.
      if (at >= 2) this.trigger[at] = value & 0xaaaaaaaa;
    } else this.writeBits(offset, value);
  }

  /** One bit an interrupt: of a set and a clear register of the same state, ones count. */
  private writeBits(offset: number, value: number): void {
    const bits = this.bankOf(offset);
    const bank = (offset & 0x7f) >> 2;
    if (bits === undefined || bank === 0) return;
    const mask = bank === LINES / 32 - 1 ? value & 0x0fffffff : value;
    const register = offset - (offset & 0x7f);
    if (register === GICD_IGROUPR) bits[bank] = mask;
    else if (register === GICD_ICENABLER || register === GICD_ICPENDR || register === GICD_ICACTIVER)
      bits[bank] = bits[bank]! & ~mask;
    else bits[bank] = bits[bank]! | mask;
    this.forwardBits(bank, mask);
  }

  private bankOf(offset: number): Uint32Array | undefined {
    switch (offset - (offset & 0x7f)) {
      case GICD_IGROUPR:
        return this.group;
      case GICD_ISENABLER:
      case GICD_ICENABLER:
        return this.enabled;
      case GICD_ISPENDR:
      case GICD_ICPENDR:
        return this.pending;
      case GICD_ISACTIVER:
      case GICD_ICACTIVER:
        return this.active;
      default:
        return undefined;
    }
  }

  private readRouter(at: number, size: AccessSize): bigint {
    if (!isRouterAccess(at, size)) return 0n;
    const lo = BigInt(this.router[at >> 2]!);
    return size === 4 ? lo : (BigInt(this.router[(at >> 2) + 1]!) << 32n) | lo;
  }

  private writeRouter(at: number, size: AccessSize, value: bigint): void {
    if (!isRouterAccess(at, size)) return;
    const word = at >> 2;
    this.setRouter(word, Number(BigInt.asUintN(32, value)));
    if (size === 8) this.setRouter(word + 1, Number(BigInt.asUintN(32, value >> 32n)));
    this.forward(word >> 1);
  }

  private setRouter(word: number, value: number): void {
    this.router[word] = value & (word % 2 === 0 ? AFFINITY_LO | ANY : AFFINITY_HI);
  }

  private readPriority(at: number, size: AccessSize): bigint {
    if (!isPriorityAccess(at, size)) return 0n;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.priority[at + i]!;
    return BigInt(value);
  }

  private writePriority(at: number, size: AccessSize, value: bigint): void {
    if (!isPriorityAccess(at, size)) return;
    for (let i = 0; i < size; i++) this.priority[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  }

  private forwardBits(bank: number, bits: number): void {
    for (let bit = 0; bit < 32; bit++) if ((bits >>> bit) & 1) this.forward(bank * 32 + bit);
  }

  private forwardSignal(intid: number): void {
    for (const vp of this.signal(intid) ?? []) this.deliver(vp, intid);
  }

  private forward(intid: number): void {
    const vp = this.release(intid);
    if (vp !== undefined) this.deliver(vp, intid);
  }

  /** The VP that gets a pending SPI now: it then is pending no more. */
  private release(intid: number): number | undefined {
    if (!this.isPending(intid) || !this.isEnabled(intid) || this.isActive(intid) || this.control === 0)
      return undefined;
    const vp = this.targetOf(intid);
    if (vp === undefined) return undefined;
    clearBit(this.pending, intid);
    if (this.isExplicit) setBit(this.active, intid);
    return vp;
  }
}

function spreadIndex(vp: number): bigint {
  return BigInt(vp & AFFINITY_LO);
}

function isSpi(intid: number): boolean {
  return intid >= FIRST_SPI && intid <= LAST_SPI;
}

function inBank(offset: number, first: number, length: number): boolean {
  return offset >= first && offset < first + length;
}

function isRouterAccess(at: number, size: AccessSize): boolean {
  return (size === 4 || size === 8) && at % size === 0 && isSpi(at >> 3);
}

function isPriorityAccess(at: number, size: AccessSize): boolean {
  return (size === 1 || size === 4) && at % size === 0 && at >= FIRST_SPI && at + size <= LAST_SPI + 1;
}

function hasBit(words: Uint32Array, bit: number): boolean {
  return ((words[bit >> 5]! >>> (bit & 31)) & 1) !== 0;
}

function setBit(words: Uint32Array, bit: number): void {
  words[bit >> 5] = words[bit >> 5]! | (1 << (bit & 31));
}

function clearBit(words: Uint32Array, bit: number): void {
  words[bit >> 5] = words[bit >> 5]! & ~(1 << (bit & 31));
}
