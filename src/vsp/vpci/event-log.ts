/** What happened on a virtual PCI bus, as specs and timelines want to know it. */
export type VpciEvent =
  | { readonly what: 'opened' | 'eject-timeout' | 'rescind' }
  /** `undeleted` interrupts the host took back itself. */
  | { readonly what: 'closed' | 'd0-exit'; readonly undeleted: number }
  | { readonly what: 'request'; readonly step: number; readonly name: string; readonly slot: number }
  /** `status` is the answer's NTSTATUS, or undefined where an answer has none or none was asked for. */
  | { readonly what: 'answer'; readonly step: number; readonly name: string; readonly status: number | undefined }
  | { readonly what: 'fault'; readonly step: number; readonly name: string; readonly kind: string }
  /** A message that is not legal: it cannot be read, or comes at the wrong moment. */
  | { readonly what: 'illegal'; readonly step: number; readonly name: string; readonly why: string }
  /** The bus reads nothing more until the channel is opened again. */
  | { readonly what: 'dead'; readonly why: string }
  | { readonly what: 'version'; readonly version: number; readonly accepted: boolean }
  | { readonly what: 'relations'; readonly form: 1 | 2; readonly slots: readonly number[] }
  | { readonly what: 'd0-entry'; readonly mmioBase: number }
  | { readonly what: 'assigned' | 'released'; readonly slot: number }
  | { readonly what: 'power'; readonly slot: number; readonly on: boolean }
  /** `physicalCpu` is what a host that picks a processor by the first virtual one would take (VPCI-122). */
  | {
      readonly what: 'interrupt-created';
      readonly slot: number;
      readonly vector: number;
      readonly count: number;
      readonly vps: readonly number[];
      readonly physicalCpu: number | undefined;
      readonly address: bigint;
      readonly data: number;
    }
  | { readonly what: 'interrupt-deleted'; readonly slot: number; readonly address: bigint; readonly data: number }
  | {
      readonly what: 'block-read' | 'block-written';
      readonly slot: number;
      readonly id: number;
      readonly bytes: number;
    }
  | { readonly what: 'blocks-invalidated'; readonly slot: number; readonly mask: bigint }
  | { readonly what: 'eject'; readonly slot: number }
  | { readonly what: 'ejected'; readonly slot: number; readonly status: number };

/** The first events of a bus and a count of the others: what a hostile guest does must not fill the host's memory. */
export class VpciEventLog {
  readonly entries: VpciEvent[] = [];
  dropped = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(event: VpciEvent): void {
    if (this.entries.length < this.#limit) this.entries.push(event);
    else this.dropped++;
  }

  /** The entries of one kind. */
  of<W extends VpciEvent['what']>(what: W): Extract<VpciEvent, { what: W }>[] {
    return this.entries.filter((event): event is Extract<VpciEvent, { what: W }> => event.what === what);
  }
}
