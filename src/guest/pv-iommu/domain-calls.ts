import {
  hv_device_domain_type,
  hv_input_attach_device_domain,
  hv_input_configure_device_domain,
  hv_input_create_device_domain,
  hv_input_delete_device_domain,
  hv_input_detach_device_domain,
} from '../../abi/hv/device-domain.js';
import {
  hv_flush_device_domain_list_flags,
  hv_input_flush_device_domain,
  hv_input_flush_device_domain_list,
} from '../../abi/hv/device-domain-flush.js';
import { hv_status } from '../../abi/hv/status.js';
import {
  HVCALL_ATTACH_DEVICE_DOMAIN,
  HVCALL_CONFIGURE_DEVICE_DOMAIN,
  HVCALL_CREATE_DEVICE_DOMAIN,
  HVCALL_DELETE_DEVICE_DOMAIN,
  HVCALL_DETACH_DEVICE_DOMAIN,
  HVCALL_FLUSH_DEVICE_DOMAIN,
  HVCALL_FLUSH_DEVICE_DOMAIN_LIST,
} from '../../abi/hypercalls/device-domains.js';
import { HV_PARTITION_ID_SELF } from '../../hypercall/deposit.js';
import { encode } from '../../layout/codec.js';
import type { Hypercall } from '../../layout/hypercall.js';
import { DONE, type Outcome } from '../../ports/outcome.js';
import type { CallPage } from './calls.js';
import { type FlushEntry, flushList } from './flush-entries.js';

const CREATE = hv_input_create_device_domain.of['series-pviommu'];
const CONFIGURE = hv_input_configure_device_domain.of['series-pviommu'];
const FLUSH_LIST = hv_input_flush_device_domain_list.of['series-pviommu'];
const PAGE_SHIFT = 12n;
const OWN_VTL = { target_vtl: 0, use_target_vtl: false };

/** What a domain does with DMA. */
export type DomainSettings =
  | { readonly kind: 'identity' }
  | { readonly kind: 'blocked' }
  | { readonly kind: 'paging'; readonly rootFrame: number; readonly levels: 4 | 5 };

/** The calls that make, change and end first-stage device domains of the own partition. Each reports its own failure. */
export class DomainCalls {
  readonly page: CallPage;

  constructor(page: CallPage) {
    this.page = page;
  }

  create(domain: number): Outcome {
    const flags = { forward_progress_required: true, inherit_owning_vtl: false };
    const input = encode(CREATE, { device_domain: named(domain), create_device_domain_flags: flags });
    return this.simple(HVCALL_CREATE_DEVICE_DOMAIN, input, { domain });
  }

  /** Says what the domain does; none may be attached to before (PVI-50). */
  configure(domain: number, settings: DomainSettings): Outcome {
    const paging = settings.kind === 'paging' ? settings : undefined;
    const input = encode(CONFIGURE, {
      device_domain: named(domain),
      settings: {
        flags: {
          translation_enabled: settings.kind !== 'identity',
          blocked: settings.kind === 'blocked',
          first_stage_paging_mode: paging?.levels === 5,
        },
        page_table_root: BigInt(paging?.rootFrame ?? 0) << PAGE_SHIFT,
      },
    });
    return this.simple(HVCALL_CONFIGURE_DEVICE_DOMAIN, input, { domain });
  }

  /** Moves a device into a domain, from wherever it is. A device that is there already is a success (PVI-24). */
  attach(domain: number, deviceId: bigint): Outcome {
    const input = encode(hv_input_attach_device_domain, {
      device_domain: named(domain),
      device_id: { as_uint64: deviceId },
    });
    const made = this.page.call(HVCALL_ATTACH_DEVICE_DOMAIN, input);
    if (made.ok || made.status === hv_status.HV_STATUS_DEVICE_ALREADY_IN_DOMAIN) return DONE;
    this.page.report('error', HVCALL_ATTACH_DEVICE_DOMAIN, made.status, { domain, deviceId });
    return made;
  }

  /** Puts a device back into the default domain. */
  detach(deviceId: bigint): Outcome {
    const input = encode(hv_input_detach_device_domain, {
      partition_id: HV_PARTITION_ID_SELF,
      device_id: { as_uint64: deviceId },
    });
    return this.simple(HVCALL_DETACH_DEVICE_DOMAIN, input, { deviceId });
  }

  remove(domain: number): Outcome {
    const input = encode(hv_input_delete_device_domain, { device_domain: named(domain) });
    return this.simple(HVCALL_DELETE_DEVICE_DOMAIN, input, { domain });
  }

  /** Drops every translation of the domain (PVI-37). */
  flush(domain: number): Outcome {
    const input = encode(hv_input_flush_device_domain, { device_domain: named(domain), flags: 0 });
    return this.simple(HVCALL_FLUSH_DEVICE_DOMAIN, input, { domain });
  }

  /** Drops the translations of at most MAX_FLUSH_ENTRIES ranges; a refusal is a warning only, there is `flush` behind it. */
  flushList(domain: number, entries: readonly FlushEntry[]): Outcome {
    const input = encode(FLUSH_LIST, {
      device_domain: named(domain),
      flags: hv_flush_device_domain_list_flags.HV_FLUSH_DEVICE_DOMAIN_LIST_IOMMU_FORMAT,
      iova_list: flushList(entries),
    });
    const made = this.page.callList(HVCALL_FLUSH_DEVICE_DOMAIN_LIST, input, entries.length);
    if (made.ok) return DONE;
    this.page.report('warn', HVCALL_FLUSH_DEVICE_DOMAIN_LIST, made.status, { domain, entries: entries.length });
    return made;
  }

  private simple(call: Hypercall, input: Uint8Array, context: Record<string, unknown>): Outcome {
    const made = this.page.call(call, input);
    if (made.ok) return DONE;
    this.page.report('error', call, made.status, context);
    return made;
  }
}

function named(domain: number) {
  return {
    partition_id: HV_PARTITION_ID_SELF,
    owner_vtl: OWN_VTL,
    domain_id: { type: hv_device_domain_type.HV_DEVICE_DOMAIN_TYPE_S1, id: domain },
  };
}
