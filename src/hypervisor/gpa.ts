/** Where no memory is: GPAs have 52 bits. */
const BEYOND = 2 ** 52;
const PAGE_OFFSET = 0xfffn;

/** A GPA as a number; one that no number below 2^53 holds keeps its place in the page, and lies where no memory is. */
export function gpaNumber(gpa: bigint): number {
  return gpa < BigInt(BEYOND) ? Number(gpa) : BEYOND + Number(gpa & PAGE_OFFSET);
}
