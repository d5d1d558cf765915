import { hv_device_interrupt_target_flags, hv_interrupt_source } from '../../abi/hv/interrupt.js';
import { hv_retarget_device_interrupt } from '../../abi/hv/msi.js';
import { hv_generic_set_format } from '../../abi/hv/vp-set.js';
import { HVCALL_RETARGET_INTERRUPT } from '../../abi/hypercalls/interrupts.js';
import { viewOf } from '../../bytes/span.js';
import { loOf } from '../../bytes/word.js';
import { HV_PARTITION_ID_SELF } from '../../hypercall/deposit.js';
import { callOnPage } from '../../hypercall/page-call.js';
import { controlWord } from '../../hypercall/words.js';
import { encode } from '../../layout/codec.js';
import type { CpuGate } from '../../ports/cpu-gate.js';
import type { InputPages } from '../../ports/input-pages.js';

/** Banks of 64 VPs in a sparse set of at most 4,096. */
const MAX_BANKS = 64;
const BANK_BITS = 64n;

/**
 * `filled` names every bank from 0 to the highest one used, empty ones included, as Linux does; `packed` only those that are
 * not empty. A hypervisor takes both (VPCI-60).
 */
export type BankStyle = 'filled' | 'packed';

export interface VpBanks {
  readonly validBankMask: bigint;
  /** Ascending. */
  readonly banks: readonly bigint[];
}

/** VP indices as a sparse set; undefined where none of them is below 4,096. */
export function sparseVpSet(vps: readonly number[], style: BankStyle = 'filled'): VpBanks | undefined {
  const words: bigint[] = new Array<bigint>(MAX_BANKS).fill(0n);
  let highest = -1;
  for (const vp of vps) {
    const bank = Math.floor(vp / 64);
    if (!(bank >= 0 && bank < MAX_BANKS)) continue;
    words[bank]! |= 1n << (BigInt(vp) % BANK_BITS);
    highest = Math.max(highest, bank);
  }
  if (highest < 0) return undefined;
  const banks: bigint[] = [];
  let validBankMask = 0n;
  for (let bank = 0; bank <= highest; bank++) {
    if (style === 'packed' && words[bank] === 0n) continue;
    validBankMask |= 1n << BigInt(bank);
    banks.push(words[bank]!);
  }
  return { validBankMask, banks };
}

/** Where one message of a device shall go. */
export interface Retarget {
  readonly deviceId: bigint;
  /** The message that the device writes; the call takes the low half of the address. */
  readonly address: bigint;
  readonly data: number;
  readonly vector: number;
  readonly vps: readonly number[];
  /** A set of VPs, from protocol 1.2 on; else a mask of the first 64. */
  readonly processorSet: boolean;
  readonly style?: BankStyle;
}

export interface RetargetCall {
  readonly control: bigint;
  readonly input: Uint8Array;
}

/** The call's control word and input; undefined where no VP can be named (VPCI-59). */
export function retargetCall(retarget: Retarget): RetargetCall | undefined {
  const { deviceId, data, vector, vps } = retarget;
  const msi = viewOf(new Uint8Array(8));
  msi.setUint32(0, loOf(retarget.address), true);
  msi.setUint32(4, data, true);
  const head = {
    partition_id: HV_PARTITION_ID_SELF,
    device_id: deviceId,
    int_entry: {
      source: hv_interrupt_source.HV_INTERRUPT_SOURCE_MSI,
      u: { msi_entry: { as_uint64: msi.getBigUint64(0, true) } },
    },
  };
  const type = hv_retarget_device_interrupt.x64;
  if (!retarget.processorSet) {
    const vp_mask = sparseVpSet(vps.filter((vp) => vp < 64))?.banks[0];
    if (vp_mask === undefined) return undefined;
    return {
      control: controlWord({ code: HVCALL_RETARGET_INTERRUPT.code }),
      input: encode(type, { ...head, int_target: { vector, flags: 0, u: { vp_mask } } }).subarray(0, 56),
    };
  }
  const set = sparseVpSet(vps, retarget.style);
  if (set === undefined) return undefined;
  return {
    control: controlWord({ code: HVCALL_RETARGET_INTERRUPT.code, varQwords: 1 + set.banks.length }),
    input: encode(type, {
      ...head,
      int_target: {
        vector,
        flags: hv_device_interrupt_target_flags.HV_DEVICE_INTERRUPT_TARGET_PROCESSOR_SET,
        u: {
          vp_set: {
            format: BigInt(hv_generic_set_format.HV_GENERIC_SET_SPARSE_4K),
            valid_bank_mask: set.validBankMask,
            bank_contents: [...set.banks],
          },
        },
      },
    }),
  };
}

/** Makes the call on a CPU; the result is the HV_STATUS. The input is built before the page is taken (COM-03). */
export function makeRetargetCall(pages: InputPages, cpu: number, gate: CpuGate, call: RetargetCall): number {
  callOnPage(pages, { cpu, gate }, call.control, call.input);
  return gate.resultLo & 0xffff;
}
