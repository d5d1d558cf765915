import { guids } from '../abi/guids.js';

const NAMES = new Map<string, string>(Object.entries(guids).map(([name, guid]) => [guid, name]));

/** The device class that a GUID stands for. */
export function guidName(guid: string): string | undefined {
  return NAMES.get(guid);
}
