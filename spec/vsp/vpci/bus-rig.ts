import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { NvmeDevice } from '../../../src/vsp/pci/nvme-device.js';
import type { PciDevice } from '../../../src/vsp/pci/pci-device.js';
import type { VpciFunction } from '../../../src/vsp/vpci/bus-function.js';
import { VpciBus, type VpciBusOptions } from '../../../src/vsp/vpci/vpci-bus.js';
import { FakeChannel, type SentPacket } from '../../support/fake-channel.js';
import { HostRig } from './host-rig.js';

export const INSTANCE = '00000000-1234-5678-0000-000000000000';
export const WINDOW = 0xf8000000;
export const V1_1 = 0x10001;
export const V1_2 = 0x10002;
export const V1_3 = 0x10003;
export const V1_4 = 0x10004;

export interface BusRigOptions extends Partial<Omit<VpciBusOptions, 'functions'>> {
  readonly rig?: HostRig;
  readonly devices?: readonly { func?: number; dev?: number; serial?: number; numaNode?: number; device?: PciDevice }[];
}

/** Message number n, then words. */
export function message(n: number, ...words: (number | bigint)[]): Uint8Array {
  const bytes: number[] = [];
  const put = (value: bigint, size: number) => {
    for (let i = 0; i < size; i++) bytes.push(Number((value >> BigInt(i * 8)) & 0xffn));
  };
  put(0x42490000n + BigInt(n), 4);
  for (const word of words) put(BigInt.asUintN(64, BigInt(word)), typeof word === 'bigint' ? 8 : 4);
  return Uint8Array.from(bytes);
}

/** Bytes with zeros up to a length. */
export function padded(bytes: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.set(bytes);
  return out;
}

/** A bus, its channel and a guest that sends what it is told. */
export class BusRig {
  readonly host: HostRig;
  readonly bus: VpciBus;
  readonly channel = new FakeChannel();
  readonly functions: readonly VpciFunction[];
  readonly rescinds: boolean[] = [];
  #id = 100n;

  constructor({ rig = new HostRig(), devices = [{}], ...options }: BusRigOptions = {}) {
    this.host = rig;
    this.functions = devices.map(({ func = 0, dev = 0, serial = 0x1000 + func, numaNode, device }) => ({
      dev,
      func,
      serial,
      ...(numaNode === undefined ? {} : { numaNode }),
      device: device ?? new NvmeDevice({ port: rig }),
    }));
    this.bus = new VpciBus(rig, {
      instanceId: INSTANCE,
      rescind: (forced) => this.rescinds.push(forced),
      ...options,
      functions: this.functions,
    });
    assert.is(this.bus.opened(this.channel, new Uint8Array(120)), 0);
  }

  /** A rig whose guest has agreed on a version and, unless told otherwise, entered D0. */
  static started(options: BusRigOptions = {}, version = V1_4, d0 = true): BusRig {
    const rig = new BusRig(options);
    rig.ask(message(0x13, version));
    if (d0) rig.ask(message(7, 0, BigInt(WINDOW)));
    rig.channel.take();
    return rig;
  }

  /** Sends a packet that asks for a completion; what came back. */
  send(payload: Uint8Array): SentPacket[] {
    this.channel.request(payload, ++this.#id);
    this.bus.signaled();
    return this.channel.take();
  }

  /** The payload of the one completion, as hex text; other packets are left out. */
  ask(payload: Uint8Array): string {
    const packets = this.send(payload).filter(({ kind }) => kind === 'completion');
    assert.is(packets.length, 1, 'one completion');
    assert.is(packets[0]!.transactionId, this.#id);
    return bytesToHex(packets[0]!.payload);
  }

  /** Sends without asking for a completion; everything that came back, as hex text. */
  tell(payload: Uint8Array): string[] {
    this.channel.request(payload);
    this.bus.signaled();
    return this.channel.take().map((packet) => bytesToHex(packet.payload));
  }

  /** Config space through the window. */
  readConfig(slot: number, offset: number, size: 1 | 2 | 4): number {
    this.host.mmioWrite(WINDOW, 4, BigInt(slot));
    return Number(this.host.mmioRead(WINDOW + 0x1000 + offset, size));
  }

  writeConfig(slot: number, offset: number, size: 1 | 2 | 4, value: number): void {
    this.host.mmioWrite(WINDOW, 4, BigInt(slot));
    this.host.mmioWrite(WINDOW + 0x1000 + offset, size, BigInt(value >>> 0));
  }
}

export const BAD_DATA = '0b0900c0';
export const WRONG_STATE = '840100c0';
export const OK = '00000000';
