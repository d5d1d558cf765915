import type { VpciRequest } from './request.js';

/** What becomes of one answer, or of the request in place of it. */
export type VpciFault =
  /** The request has no effect and this NTSTATUS answers it. */
  | { readonly kind: 'refuse'; readonly status: number }
  /** The request has no effect and no answer. */
  | { readonly kind: 'lose' }
  /** The request has its effect, the answer never comes. */
  | { readonly kind: 'silent' }
  /** The answer comes `us` later; what the guest sends meanwhile is read. */
  | { readonly kind: 'delay'; readonly us: number }
  | { readonly kind: 'twice' }
  /** The answer carries this transaction id. */
  | { readonly kind: 'transaction'; readonly id: bigint }
  /** Only the first `bytes` of the answer come. */
  | { readonly kind: 'short'; readonly bytes: number }
  /** These bytes come in place of the answer. */
  | { readonly kind: 'junk'; readonly payload: Uint8Array };

/** A fault and the requests that meet it. */
export interface FaultRule {
  /** Number of the message (0x42490000 + n); every message when absent. */
  readonly type?: number;
  /** Only of this slot. */
  readonly slot?: number;
  /** Passes over so many matches first. */
  readonly after?: number;
  /** Ends after so many; 1 when absent. */
  readonly times?: number;
  readonly fault: VpciFault;
}

/** Faults that are still to come, oldest rule first. */
export class FaultScript {
  readonly #rules: { readonly rule: FaultRule; skip: number; left: number }[] = [];

  constructor(rules: readonly FaultRule[] = []) {
    for (const rule of rules) this.add(rule);
  }

  add(rule: FaultRule): void {
    this.#rules.push({ rule, skip: rule.after ?? 0, left: rule.times ?? 1 });
  }

  /** The fault of a request; uses it up. */
  take(request: VpciRequest): VpciFault | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (entry.left <= 0 || (rule.type !== undefined && rule.type !== request.type)) continue;
      if (rule.slot !== undefined && rule.slot !== request.slot) continue;
      if (entry.skip > 0) {
        entry.skip--;
        continue;
      }
      entry.left--;
      return rule.fault;
    }
    return undefined;
  }
}
