import { CpuRig } from './cpu-rig.js';

/**
 * Claims hypercall pages from three Workers, every byte of every area checked: half of the claims with a CPU for each Worker,
 * half with all Workers on all CPUs, both forms of pages. Returns how many claims were made and refused.
 */
export async function soakPages(claims: number): Promise<{ claimed: number; refused: number }> {
  const total = { claimed: 0, refused: 0 };
  const own = [[0], [1], [2]];
  const all = [
    [0, 1, 2],
    [1, 2, 0],
    [2, 0, 1],
  ];
  for (const separateOutput of [false, true]) {
    for (const lists of [own, all]) {
      const rig = new CpuRig(3, separateOutput, separateOutput);
      for (const { claimed, refused } of await rig.run(lists, Math.ceil(claims / 12))) {
        total.claimed += claimed;
        total.refused += refused;
      }
    }
  }
  return total;
}
