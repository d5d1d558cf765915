import { aliases } from '../abi/aliases.js';
import { layouts } from '../abi/catalog.js';
import { callLayouts, catalog as hypercalls } from '../abi/hypercalls/catalog.js';
import { iommufd_ioctl } from '../abi/iommufd/command.js';
import { type IommufdRequest, iommufdRequests } from '../abi/iommufd/requests.js';
import { openvmmLayouts } from '../abi/openvmm-catalog.js';
import { vmbus } from '../abi/vmbus/messages.js';
import { vpci } from '../abi/vpci/messages.js';
import { AbiError } from '../bytes/errors.js';
import type { Layout } from '../layout/group.js';
import type { Hypercall } from '../layout/hypercall.js';
import type { Message, MessageTable } from '../layout/messages.js';
import { enumMeta } from '../layout/scalar.js';

export type Named =
  | { readonly kind: 'struct'; readonly name: string; readonly layout: Layout }
  | { readonly kind: 'hypercall'; readonly name: string; readonly call: Hypercall }
  | { readonly kind: 'message'; readonly name: string; readonly message: Message; readonly table: MessageTable }
  | { readonly kind: 'ioctl'; readonly name: string; readonly request: IommufdRequest; readonly layout: Layout };

/** Every struct, Linux's first. */
export const allLayouts: readonly Layout[] = [...layouts, ...callLayouts, ...openvmmLayouts];

const STRUCTS = new Map<string, Layout>();
for (const layout of allLayouts) if (!STRUCTS.has(layout.name)) STRUCTS.set(layout.name, layout);

const CALLS_BY_CODE = new Map(hypercalls.map((call) => [call.code, call]));

/** The call with this code; undefined when no source knows it. */
export function callOf(code: number): Hypercall | undefined {
  return CALLS_BY_CODE.get(code);
}

let index: Map<string, Named> | undefined;

function names(): Map<string, Named> {
  if (index !== undefined) return index;
  index = new Map();
  // PCI_BUS_RELATIONS is a message, pci_bus_relations its struct: the exact spelling counts before any other.
  const add = (name: string, named: Named): void => {
    for (const key of [name, name.toLowerCase()]) if (!index!.has(key)) index!.set(key, named);
  };
  for (const [name, layout] of STRUCTS) add(name, { kind: 'struct', name, layout });
  for (const call of hypercalls)
    for (const name of [call.name, ...call.alias]) add(name, { kind: 'hypercall', name: call.name, call });
  for (const table of [vmbus, vpci])
    for (const [name, message] of table.byName) add(name, { kind: 'message', name: message.name, message, table });
  // IOMMU_DESTROY is a request, iommu_destroy its struct, as with messages.
  for (const request of iommufdRequests) {
    const name = enumMeta(iommufd_ioctl).names.get(request.request);
    if (name !== undefined) add(name, { kind: 'ioctl', name, request, layout: request.struct });
  }
  for (const { alias, of, skip } of aliases) {
    // An alias that leaves a header out names other bytes than the declaration.
    if (skip) continue;
    const layout = STRUCTS.get(of);
    if (layout !== undefined) add(alias, { kind: 'struct', name: of, layout });
  }
  return index;
}

/** A struct, hypercall, message or ioctl by C name, TLFS or OpenVMM name (case does not matter), or a hypercall by code (0xb3). */
export function findName(name: string): Named | undefined {
  if (/^0x[0-9a-f]{1,4}$/i.test(name)) {
    const call = callOf(Number(name));
    if (call !== undefined) return { kind: 'hypercall', name: call.name, call };
  }
  return names().get(name) ?? names().get(name.toLowerCase());
}

/** As findName. Throws AbiError E_UNKNOWN_NAME with near names. */
export function requireName(name: string): Named {
  const found = findName(name);
  if (found !== undefined) return found;
  const near = suggestNames(name);
  throw new AbiError(
    'E_UNKNOWN_NAME',
    `no struct, hypercall, message or ioctl is named ${JSON.stringify(name)}${near.length ? `; near: ${near.join(', ')}` : ''}`,
  );
}

/** Names that share most with a mistyped one, best first. */
export function suggestNames(name: string, most = 3): string[] {
  const wanted = pairsOf(name.toLowerCase());
  const scored = [...names()].map(([key, named]) => ({ name: named.name, score: likeness(wanted, pairsOf(key)) }));
  scored.sort((a, b) => b.score - a.score);
  return [...new Set(scored.filter((s) => s.score > 0.4).map((s) => s.name))].slice(0, most);
}

function pairsOf(text: string): Set<string> {
  return new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2)));
}

function likeness(a: Set<string>, b: Set<string>): number {
  let common = 0;
  for (const pair of a) if (b.has(pair)) common++;
  return (2 * common) / (a.size + b.size || 1);
}

/** The layout of one name. Throws AbiError E_UNKNOWN_NAME. */
export function layoutOf(name: string): Layout {
  const layout = STRUCTS.get(name);
  if (layout === undefined) throw new AbiError('E_UNKNOWN_NAME', 'is not declared', { struct: name });
  return layout;
}
