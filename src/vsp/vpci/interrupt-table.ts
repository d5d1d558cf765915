import { vpci_limits } from '../../abi/vpci/resource.js';
import type { InterruptMessage, InterruptRouter, InterruptTarget } from '../../ports/host-port.js';

interface Handle {
  readonly deviceId: bigint;
  readonly message: InterruptMessage;
  readonly count: number;
}

/** The messages that a bus's functions have been given (VPCI-121), by slot: a slot may outlive its function by deletes. */
export class InterruptTable {
  readonly #router: InterruptRouter;
  readonly #bySlot = new Map<number, Handle[]>();

  constructor(router: InterruptRouter) {
    this.#router = router;
  }

  /** Consecutive messages for a function; undefined when the router or the function has no more. */
  create(slot: number, deviceId: bigint, count: number, target: InterruptTarget): InterruptMessage | undefined {
    const handles = this.#bySlot.get(slot) ?? [];
    const held = handles.reduce((sum, handle) => sum + handle.count, 0);
    if (held + count > vpci_limits.MAX_SUPPORTED_MSI_MESSAGES * 2) return undefined;
    const message = this.#router.create(deviceId, count, target);
    if (message === undefined) return undefined;
    handles.push({ deviceId, message, count });
    this.#bySlot.set(slot, handles);
    return message;
  }

  /** Takes back what one create gave; the start must match exactly. */
  remove(slot: number, address: bigint, data: number): boolean {
    const handles = this.#bySlot.get(slot) ?? [];
    const at = handles.findIndex(({ message }) => message.address === address && message.data === data);
    if (at < 0) return false;
    const [{ deviceId, message }] = handles.splice(at, 1) as [Handle];
    return this.#router.remove(deviceId, message);
  }

  /** Takes back all of a slot; returns how many creates they were of. */
  removeAll(slot: number): number {
    const handles = this.#bySlot.get(slot) ?? [];
    for (const { deviceId, message } of handles) this.#router.remove(deviceId, message);
    this.#bySlot.delete(slot);
    return handles.length;
  }

  /** The same of every slot. */
  clear(): number {
    return [...this.#bySlot.keys()].reduce((sum, slot) => sum + this.removeAll(slot), 0);
  }

  /** Creates that have not been taken back. */
  get outstanding(): number {
    return [...this.#bySlot.values()].reduce((sum, handles) => sum + handles.length, 0);
  }
}
