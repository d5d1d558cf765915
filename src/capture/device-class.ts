import { guids } from '../abi/guids.js';

const BY_GUID = new Map<string, string>(Object.entries(guids).map(([name, text]) => [text, name]));

/** C name of a VMBus device class (HV_NIC_GUID, …); undefined for one that no header names. */
export function deviceClass(classGuid: string | undefined): string | undefined {
  return classGuid === undefined ? undefined : BY_GUID.get(classGuid);
}
