import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRecords } from '../../src/capture/input.node.js';
import { statusName } from '../../src/capture/present.js';
import type { DecodedRecord, Part } from '../../src/capture/record.js';
import { Tally } from '../../src/capture/tally.js';
import { plainValue } from '../../src/capture/value.js';

/** What one boot left behind. */
export interface LabResult {
  readonly exit: number | null;
  readonly console: string;
  readonly dmesg: string;
  /** What the guest said about itself, without the mark in front. */
  readonly rig: readonly string[];
  /** The same, one list for each of its surveys of devices. */
  readonly sections: readonly (readonly string[])[];
  /** What the host printed. */
  readonly hostLog: string;
  readonly tally: Tally;
  /** Names of calls and messages and how often they came. */
  readonly names: ReadonlyMap<string, number>;
  /** Calls that failed, as name and status. */
  readonly failedCalls: ReadonlySet<string>;
  readonly retargetedVps: ReadonlySet<number>;
  /** Accesses to a configuration window, those by hypercall among them. */
  readonly configAccesses: number;
}

/** Reads what a boot wrote into `folder`, the record among it. */
export function readResult(folder: string, record: string, exit: number | null): LabResult {
  const text = (name: string): string => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8').replace(/\r/g, '') : '';
  };
  const consoleText = text('console.txt');
  const rig = [...consoleText.matchAll(/RIG: (.*)$/gm)].map((match) => match[1]!.trimEnd());
  const sections: string[][] = [];
  for (const line of rig) {
    if (line.startsWith('section ')) sections.push([]);
    else sections.at(-1)?.push(line);
  }
  const tally = new Tally();
  const names = new Map<string, number>();
  const failedCalls = new Set<string>();
  const retargetedVps = new Set<number>();
  let configAccesses = 0;
  if (existsSync(record))
    for (const one of readRecords(record)) {
      tally.add(one);
      for (const name of namesOf(one)) names.set(name, (names.get(name) ?? 0) + 1);
      if (one.call?.status)
        failedCalls.add(`${one.name ?? one.call.code} ${statusName(one.call.status) ?? one.call.status}`);
      if (one.name === 'HVCALL_RETARGET_INTERRUPT') for (const vp of targetsOf(one)) retargetedVps.add(vp);
      if (one.kind.startsWith('mmio_') && String(one.source.region).startsWith('config')) configAccesses++;
    }
  return {
    exit,
    console: consoleText,
    dmesg: text('dmesg.txt'),
    rig,
    sections,
    hostLog: text('host.log'),
    tally,
    names,
    failedCalls,
    retargetedVps,
    configAccesses,
  };
}

function namesOf(record: DecodedRecord): Set<string> {
  const names = new Set<string>(record.name === undefined ? [] : [record.name]);
  const add = (part: Part): void => {
    if (part.name !== undefined && !part.reply) names.add(part.name);
    if (part.inner) add(part.inner);
  };
  for (const part of record.parts) add(part);
  return names;
}

interface RetargetTarget {
  readonly int_target: {
    readonly u: {
      readonly vp_mask?: bigint;
      readonly vp_set?: { readonly valid_bank_mask: bigint; readonly bank_contents: Iterable<bigint> };
    };
  };
}

function targetsOf(record: DecodedRecord): number[] {
  const { u } = (plainValue(record.parts[0]!) as RetargetTarget).int_target;
  if (u.vp_set === undefined) return bits(u.vp_mask ?? 0n);
  const banks = [...u.vp_set.bank_contents];
  return bits(u.vp_set.valid_bank_mask).flatMap((bank, i) => bits(banks[i] ?? 0n).map((bit) => bank * 64 + bit));
}

function bits(word: bigint): number[] {
  return Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => ((word >> BigInt(bit)) & 1n) === 1n);
}
