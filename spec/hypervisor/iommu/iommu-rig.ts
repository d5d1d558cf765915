import { hv_input_map_device_gpa_pages, hv_input_unmap_device_gpa_pages } from '../../../src/abi/hv/device-attach.js';
import { hv_input_attach_device_domain, hv_input_device_domain } from '../../../src/abi/hv/device-domain.js';
import { hv_device_type } from '../../../src/abi/hv/device-id.js';
import type { IommuOptions } from '../../../src/hypervisor/iommu/iommu-options.js';
import type { PartitionIommu } from '../../../src/hypervisor/iommu/serve-device-domains.js';
import { encode } from '../../../src/layout/codec.js';
import type { CpuGate } from '../../../src/ports/cpu-gate.js';
import { callSlow, PartitionRig, type RigOptions } from '../partition-rig.js';

export const SELF = 0xffff_ffff_ffff_ffffn;
export const NULL_ID = 0xffffffff;
export const DEVICE = pciId(0x18);
export const OTHER = pciId(0x20);
/** A guest's device. */
export const LOGICAL = 0x37a94e00n;

export function pciId(rid: number): bigint {
  return (BigInt(hv_device_type.HV_DEVICE_TYPE_PCI) << 62n) | BigInt(rid);
}

export interface NamedDomain {
  readonly partition?: bigint;
  readonly vtl?: number;
  readonly type?: number;
  readonly id: number;
}

/** What every call of the family begins with. */
export function domainBytes({ partition = SELF, vtl = 0, type = 0, id }: NamedDomain): Uint8Array {
  return encode(hv_input_device_domain, domainValue({ partition, vtl, type, id }));
}

function domainValue({ partition = SELF, vtl = 0, type = 0, id }: NamedDomain) {
  return {
    partition_id: partition,
    owner_vtl: { target_vtl: vtl, use_target_vtl: false, reserved_z: 0 },
    domain_id: { type, reserved: 0, id },
  };
}

/** A partition with an IOMMU, and the calls of its family by short names. Each gives status and reps done. */
export class IommuRig extends PartitionRig {
  readonly gate: CpuGate;
  readonly iommu: PartitionIommu;

  constructor(iommu: IommuOptions = {}, options: RigOptions = {}) {
    super({
      isRoot: true,
      continuation: 'partial',
      ...options,
      iommu: { devices: [DEVICE, OTHER, LOGICAL], ...iommu },
    });
    this.gate = this.partition.gate(0);
    this.iommu = this.partition.iommu!;
  }

  call(code: number, input: Uint8Array, reps = 0, repStart = 0): [number, number] {
    return callSlow(this, this.gate, { code, ...(reps > 0 ? { reps, repStart } : {}) }, input);
  }

  create(domain: NamedDomain, flags = 1): number {
    return this.call(0xb1, bytes(domainBytes(domain), words(flags, 0)))[0];
  }

  attach(domain: NamedDomain, deviceId: bigint): number {
    const value = { device_domain: domainValue(domain), device_id: deviceIdValue(deviceId) };
    return this.call(0xb2, encode(hv_input_attach_device_domain, value))[0];
  }

  detach(deviceId: bigint): number {
    return this.call(0xc4, qwords(SELF, deviceId))[0];
  }

  delete(domain: NamedDomain): number {
    return this.call(0xc5, domainBytes(domain))[0];
  }

  configure(domain: NamedDomain, flags: bigint, root = 0n): number {
    return this.call(0xce, bytes(domainBytes({ type: 1, ...domain }), qwords(flags, root)))[0];
  }

  flush(domain: NamedDomain): number {
    return this.call(0xd0, bytes(domainBytes({ type: 1, ...domain }), qwords(0n)))[0];
  }

  flushList(domain: NamedDomain, entries: readonly bigint[], flags = 1): [number, number] {
    const input = bytes(domainBytes({ type: 1, ...domain }), words(flags, 0), qwords(...entries));
    return this.call(0xd1, input, entries.length);
  }

  map(domain: NamedDomain, page: number, frames: readonly number[], flags = 3, repStart = 0): [number, number] {
    const value = {
      device_domain: domainValue(domain),
      target_vtl: { target_vtl: 0, use_target_vtl: false, reserved_z: 0 },
      map_flags: flags,
      target_device_va_base: BigInt(page) << 12n,
      gpa_page_list: frames.map(BigInt),
    };
    return this.call(0xb3, encode(hv_input_map_device_gpa_pages, value), frames.length, repStart);
  }

  unmap(domain: NamedDomain, page: number, count: number, repStart = 0): [number, number] {
    const value = { device_domain: domainValue(domain), target_device_va_base: BigInt(page) << 12n };
    return this.call(0xb4, encode(hv_input_unmap_device_gpa_pages, value), count, repStart);
  }

  deposit(partition: bigint, ...frames: number[]): [number, number] {
    return this.call(0x48, qwords(partition, ...frames.map(BigInt)), frames.length);
  }
}

function deviceIdValue(deviceId: bigint): { raw: Uint8Array } {
  return { raw: qwords(deviceId) };
}

export function bytes(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

export function qwords(...values: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}

/** `count` numbers from `first` on. */
export function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}
