import type { LogSink } from '../../ports/log-sink.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';

/**
 * Which number a PCI domain gets whose wish is taken (LDID-42): `wrap` the next free one above, then the lowest free one;
 * `bitmap` the lowest free one (Linux up to 6.17); `ida` the next free one above or none (Linux from 6.18 on).
 */
export type DomainPolicy = 'wrap' | 'bitmap' | 'ida';

/** Domain 0 is that of the emulated PCI bus of a generation 1 machine. */
const LOWEST = 1;
const HIGHEST = 0xffff;

/** Numbers of PCI domains. What a request gets depends on the numbers in use and the request alone (LDID-43). */
export class DomainNumberPool {
  readonly policy: DomainPolicy;
  private readonly used = new Set<number>();
  private readonly log: LogSink;

  constructor(log: LogSink, policy: DomainPolicy = 'wrap') {
    this.log = log;
    this.policy = policy;
  }

  /** Numbers in use. */
  get taken(): number {
    return this.used.size;
  }

  isTaken(domain: number): boolean {
    return this.used.has(domain);
  }

  /** A number as near to `requested` (0 to 0xFFFF) as the policy allows; ENOSPC when it has none. */
  take(requested: number): Outcome<number> {
    const wish = Math.max(requested, LOWEST);
    const domain = this.choose(wish);
    if (domain === undefined) {
      this.log({ level: 'error', code: 'pci-domains-used-up', fields: { requested } });
      return failure('ENOSPC');
    }
    if (domain !== requested)
      this.log({ level: 'info', code: 'pci-domain-collision', fields: { requested, used: domain } });
    this.used.add(domain);
    return success(domain);
  }

  /** Gives a number back; one that is free stays free. */
  give(domain: number): void {
    this.used.delete(domain);
  }

  private choose(wish: number): number | undefined {
    if (!this.used.has(wish)) return wish;
    switch (this.policy) {
      case 'bitmap':
        return this.firstFree(LOWEST);
      case 'ida':
        return this.firstFree(wish);
      case 'wrap':
        return this.firstFree(wish) ?? this.firstFree(LOWEST);
    }
  }

  private firstFree(from: number): number | undefined {
    for (let domain = from; domain <= HIGHEST; domain++) if (!this.used.has(domain)) return domain;
    return undefined;
  }
}
