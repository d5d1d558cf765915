import { deviceIdReading } from '../../capture/device-readings.js';

const ALL_ONES = 0xffffffffffffffffn;
const VP_INDEX_SELF = 0xfffffffe;

/** What a value of a well-known field stands for, where its declaration names no constant for it. */
export function remarkOf(key: string, value: unknown): string | undefined {
  if (typeof value === 'bigint') {
    if (/partition_?id$/i.test(key)) return value === ALL_ONES ? 'HV_PARTITION_ID_SELF' : undefined;
    if (/^(logical_)?device_?id$/i.test(key)) return deviceText(value);
  }
  if (typeof value === 'number' && /vp_?index$/i.test(key))
    return value === VP_INDEX_SELF ? 'HV_VP_INDEX_SELF' : undefined;
  return undefined;
}

/** A device id as people write it: `PCI 0000:00:03.0`, `I/O APIC 0`, `logical`. */
export function deviceText(value: bigint): string | undefined {
  if (value === ALL_ONES) return undefined;
  const { title } = deviceIdReading(value);
  return title.startsWith('logical')
    ? title.replace(/ 0x[0-9a-f]+/, '').replace('logical device id', 'logical device')
    : title.replace(' device id', '');
}
