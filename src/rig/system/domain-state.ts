import * as deviceDomains from '../../abi/hypercalls/device-domains.js';
import { hexNumber } from '../../bytes/hex.js';
import { splitResult } from '../../hypercall/words.js';
import type { PartitionIommu } from '../../hypervisor/iommu/serve-device-domains.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import { domainText } from '../replay/end-state.js';

const CODES: ReadonlySet<number> = new Set(Object.values(deviceDomains).map(({ code }) => code));

type TraceEvent = Parameters<TraceSink['event']>[0];

/** A sink that counts the calls of device domains that pass, by code and status, and tells what they left behind. */
export class DomainRecord implements TraceSink {
  private readonly sink: TraceSink;
  private readonly calls = new Map<string, number>();

  constructor(sink: TraceSink) {
    this.sink = sink;
  }

  event(record: TraceEvent): void {
    if (record.k === 'hypercall' && typeof record.result === 'string' && CODES.has(Number(record.code))) {
      const key = `${String(record.code)}/${hexNumber(splitResult(BigInt(record.result)).status)}`;
      this.calls.set(key, (this.calls.get(key) ?? 0) + 1);
    }
    this.sink.event(record);
  }

  /**
   * The `device_domains` event, with which recordings of the Linux IOMMU series end too: calls by `code/status`, pages that the
   * hypervisor has left, domains by `type:id` with the pages that are mapped in each, devices with the domain that each was put
   * into.
   */
  end({ domains }: PartitionIommu): void {
    const list = domains.list();
    this.sink.event({
      k: 'device_domains',
      calls: Object.fromEntries(this.calls),
      pool: domains.pool.free,
      domains: Object.fromEntries(list.map((domain) => [domainText(domain), domain.mapped])),
      devices: Object.fromEntries(
        list.flatMap((domain) => domain.devices.map((id) => [hexNumber(id), domainText(domain)])),
      ),
    });
  }
}
