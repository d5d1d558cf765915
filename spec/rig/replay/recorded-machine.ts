import type { Event } from '../../../src/capture/decoder.js';
import { bytesIn } from '../../../src/capture/event.js';
import { jsonValue } from '../../../src/capture/recorder.js';
import type { IommuOptions } from '../../../src/hypervisor/iommu/iommu-options.js';
import {
  type RecordedCaller,
  type RecordedHostKnobs,
  recordedHost,
} from '../../../src/hypervisor/iommu/recorded-host.js';
import { domainText } from '../../../src/rig/replay/end-state.js';
import { bytes, domainBytes, IommuRig, range } from '../../hypervisor/iommu/iommu-rig.js';

const PRIVILEGES: Record<RecordedCaller, string> = { root: '0x103f', l1vh: '0x33', guest: '0x30' };
const INSUFFICIENT = 0xb;
/** Of the device id in an attachment. */
const DEVICE_AT = 24;

function plainEvent(event: object): Event {
  return JSON.parse(JSON.stringify(event, jsonValue)) as Event;
}

/** A machine on the recorded host, whose calls are recorded as a capture is. */
export class RecordedMachine extends IommuRig {
  private readonly caller: RecordedCaller;
  private nextFrame = 0x40;

  constructor(caller: RecordedCaller, knobs: RecordedHostKnobs, more: IommuOptions = {}) {
    const { iommu, ...options } = recordedHost(caller, knobs);
    super({ ...iommu, ...more }, { ...options, memoryBytes: 64 << 20 });
    this.caller = caller;
  }

  /** As the driver maps: parts are gone on with, missing memory is deposited, and what fails is unmapped whole. */
  mapAll(id: number, page: number, frames: readonly number[], pagesPerDeposit: number): number {
    let done = 0;
    let start = 0;
    for (let calls = 0; done < frames.length && calls < 3000; calls++) {
      const batch = frames.slice(done, done + 507);
      const [status, count] = this.map({ id }, page + done, batch, 3, start);
      start = status === 0 && count < batch.length ? count : 0;
      if (start > 0) continue;
      done += count;
      if (status === INSUFFICIENT) this.depositSome(pagesPerDeposit);
      else if (status !== 0) {
        this.unmapAll(id, page, frames.length);
        return 0;
      }
    }
    return done;
  }

  unmapAll(id: number, page: number, count: number): void {
    let start = 0;
    for (let done = 0; done < count; ) {
      const most = Math.min(4095, count - done);
      const [status, reps] = this.unmap({ id }, page + done, most, start);
      if (status !== 0) return;
      start = reps < most ? reps : 0;
      if (start === 0) done += most;
    }
  }

  createAny(id: number): void {
    for (let tries = 0; tries < 3; tries++) {
      if (this.create({ id, type: this.caller === 'guest' ? 1 : 0 }) !== INSUFFICIENT) return;
      this.depositSome(1);
    }
  }

  depositSome(count: number): void {
    this.deposit(1n, ...range(this.nextFrame, count));
    this.nextFrame += count;
  }

  overrun(id: number): void {
    this.memory.write(0x1000, bytes(domainBytes({ id })));
    this.gate.hypercall(0xb3, 508, 0x1000, 0);
    this.gate.hypercall(0xb4, 0, 0x1000, 0);
    this.gate.hypercall(0xb4, 0x1000, 0x1000, 0);
  }

  /** The recording so far, with its beginning and its end. */
  recording(): Event[] {
    const { domains } = this.iommu;
    const devices = this.recorded
      .filter(({ code, result }) => code === '0xb2' && result === '0x0')
      .map((event) => bytesIn(event, 'in'))
      .map((input) => new DataView(input.buffer, input.byteOffset).getBigUint64(DEVICE_AT, true));
    const state = {
      k: 'device_domains',
      pool: domains.pool.free,
      domains: Object.fromEntries(domains.list().map((one) => [domainText(one), one.mapped])),
      devices: Object.fromEntries(
        devices.flatMap((id) => {
          const place = domains.places.of(id);
          return place.kind === 'domain' ? [[`0x${id.toString(16)}`, domainText(place.domain.name)]] : [];
        }),
      ),
    };
    const setup = { k: 'setup', cpuid: [['0x40000003', '0x0', PRIVILEGES[this.caller], '0x0', '0x0']] };
    return [setup, ...this.recorded, state].map((event, n) => ({ n, ...plainEvent(event) }));
  }

  private get recorded(): Event[] {
    return this.events.map(plainEvent);
  }
}
