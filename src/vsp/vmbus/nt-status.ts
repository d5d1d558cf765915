/** Status words that a VMBus host answers with: NTSTATUS, and one HRESULT that hosts send in their place. */
export const BUS_STATUS = {
  SUCCESS: 0,
  /** E_UNEXPECTED: what a GPADL that cannot be, or a refused move of a channel, is answered with. */
  UNEXPECTED: 0x8000ffff,
  UNSUCCESSFUL: 0xc0000001,
  INVALID_PARAMETER: 0xc000000d,
  INSUFFICIENT_RESOURCES: 0xc000009a,
  CONNECTION_REFUSED: 0xc0000236,
} as const;
