const DECIMAL_UP_TO = 9;
const BOTH_UP_TO = 0xffff;

/** An integer for the eye: small ones decimal, middle ones both ways, large ones (addresses, masks) hexadecimal. */
export function integerText(value: number | bigint): string {
  if (value < 0) return `${value}`;
  if (value <= DECIMAL_UP_TO) return `${value}`;
  const hex = `0x${value.toString(16)}`;
  return value <= BOTH_UP_TO ? `${hex} (${value})` : hex;
}

export const hexText = (value: number | bigint): string =>
  value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;

/** Counts in sentences: 4,095. */
export function countText(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

export const plural = (n: number, one: string, many = `${one}s`): string => `${countText(n)} ${n === 1 ? one : many}`;
