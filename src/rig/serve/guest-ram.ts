import type { Arch } from '../../layout/types.js';
import type { Region } from '../../memory/regions.js';

/** RAM of an arm64 "virt" machine begins here. */
const ARM64_RAM = 0x4000_0000;
/** A PC with RAM up to here has all of it in one piece below the device hole; with more, so much is below. */
const PC_LOW_MOST = 0xe000_0000;
const PC_LOW_SPLIT = 0xc000_0000;
const FOUR_GIB = 0x1_0000_0000;

/** Where `bytes` of a memory file lie in guest physical space, as QEMU's machines have it (hw/i386/pc_piix.c, hw/arm/virt.c). */
export function ramRegions(arch: Arch, bytes: number): Region[] {
  if (arch === 'arm64') return [{ gpa: ARM64_RAM, length: bytes, offset: 0 }];
  if (bytes < PC_LOW_MOST) return [{ gpa: 0, length: bytes, offset: 0 }];
  return [
    { gpa: 0, length: PC_LOW_SPLIT, offset: 0 },
    { gpa: FOUR_GIB, length: bytes - PC_LOW_SPLIT, offset: PC_LOW_SPLIT },
  ];
}
