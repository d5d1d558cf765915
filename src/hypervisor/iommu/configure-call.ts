import {
  hv_device_domain_settings,
  hv_device_domain_settings_x64,
  hv_input_configure_device_domain,
} from '../../abi/hv/device-domain.js';
import { hv_iommu_cap } from '../../abi/hv/device-domain-flush.js';
import { hv_status } from '../../abi/hv/status.js';
import { HVCALL_CONFIGURE_DEVICE_DOMAIN } from '../../abi/hypercalls/device-domains.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { offsetOf } from '../field-offset.js';
import { gpaNumber } from '../gpa.js';
import type { DomainField } from './call-fields.js';
import type { DeviceDomains } from './device-domains.js';
import type { ServeChecked } from './fail-points.js';
import type { IommuOptions } from './iommu-options.js';

const { HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER } = hv_status;

/** Bits of the flags; the series of 2021 had the first only. */
const TRANSLATION = 1n;
const BLOCKED = 2n;
const FIVE_LEVELS = 4n;
const PAGE_OFFSET = BigInt(HV_HYP_PAGE_SIZE - 1);

interface ConfigureLayout {
  readonly bytes: number;
  readonly flagsAt: number;
  readonly rootAt: number;
  readonly flags: bigint;
}

const newest = hv_input_configure_device_domain.of['series-pviommu'];
const newestSettings = hv_device_domain_settings.of['series-pviommu'];
const first = hv_input_configure_device_domain.of['series-rfc-2021'];

const LAYOUTS: Record<NonNullable<IommuOptions['configureLayout']>, ConfigureLayout> = {
  'series-pviommu': {
    bytes: newest.size,
    flagsAt: offsetOf(newest, 'settings') + offsetOf(newestSettings, 'flags'),
    rootAt: offsetOf(newest, 'settings') + offsetOf(newestSettings, 'page_table_root'),
    flags: TRANSLATION | BLOCKED | FIVE_LEVELS,
  },
  // The memory types of its `pat` are the processor's affair: a model of addresses has none.
  'series-rfc-2021': {
    bytes: first.size,
    flagsAt: offsetOf(first, 'settings') + offsetOf(hv_device_domain_settings_x64, 'flags'),
    rootAt: offsetOf(first, 'settings') + offsetOf(hv_device_domain_settings_x64, 'page_table_root'),
    flags: TRANSLATION,
  },
};

/** Settings of first-stage domains, 0xCE, in the layout that the options name. Five levels are for an IOMMU that announces them. */
export function serveConfigure(serve: ServeChecked, domains: DeviceDomains, field: DomainField): void {
  const { bytes, flagsAt, rootAt, flags: known } = LAYOUTS[domains.options.configureLayout ?? 'series-pviommu'];
  const hasFiveLevels =
    !domains.rules.fiveLevelsAnnounced ||
    (domains.capabilities.caps & BigInt(hv_iommu_cap.HV_IOMMU_CAP_S1_5LVL)) !== 0n;
  serve(
    HVCALL_CONFIGURE_DEVICE_DOMAIN,
    ({ input }) => {
      const domain = field.domain(input);
      if (typeof domain === 'number') return domain;
      const flags = input.getBigUint64(flagsAt, true);
      const root = input.getBigUint64(rootAt, true);
      const isTranslating = (flags & TRANSLATION) !== 0n;
      const isBlocked = (flags & BLOCKED) !== 0n;
      const isSound = (flags & ~known) === 0n && (!isBlocked || isTranslating) && (root & PAGE_OFFSET) === 0n;
      if (!isSound) return INVALID_PARAMETER;
      const levels = (flags & FIVE_LEVELS) === 0n ? 4 : 5;
      if (levels === 5 && !hasFiveLevels) return INVALID_PARAMETER;
      return domains.configure(domain, { isTranslating, isBlocked, levels, root: gpaNumber(root) });
    },
    { input: bytes },
  );
}
