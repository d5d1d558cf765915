import { hv_status } from '../../abi/hv/status.js';
import { HVCALL_DEPOSIT_MEMORY, HVCALL_WITHDRAW_MEMORY } from '../../abi/hypercalls/memory.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import type { GuestCall } from '../call-frame.js';
import type { CallRegistry } from '../call-registry.js';
import { gpaNumber } from '../gpa.js';
import type { PageAccount, PageAccounts } from '../root/page-account.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER,
  HV_STATUS_INVALID_PARTITION_ID: INVALID_PARTITION_ID,
  HV_STATUS_NO_RESOURCES: NO_RESOURCES,
} = hv_status;

/** What deposits need of a partition. */
export interface DepositingPartition {
  readonly memory: GuestMemory;
  readonly partitionId: bigint;
  isSelf(partitionId: bigint): boolean;
}

/**
 * Deposits and withdrawals, 0x48 and 0x49, of partitions that have an account. A deposit stops with HV_STATUS_INVALID_PARAMETER
 * at the first frame that is no memory of the guest or was deposited before; a withdrawal with HV_STATUS_NO_RESOURCES when
 * the hypervisor has no more frames to spare, which Linux takes for the end.
 */
export function serveRootMemory(
  calls: CallRegistry,
  core: DepositingPartition,
  { accounts }: { readonly accounts: PageAccounts },
): void {
  const accountOf = ({ input }: GuestCall): PageAccount | undefined => {
    const id = input.getBigUint64(0, true);
    return accounts.of(core.isSelf(id) ? core.partitionId : id);
  };
  calls.serve(HVCALL_DEPOSIT_MEMORY, (call) => {
    const account = accountOf(call);
    if (account === undefined) return INVALID_PARTITION_ID;
    for (let i = call.repStart; i < call.repEnd; i++) {
      const frame = gpaNumber(call.input.getBigUint64(call.listAt + 8 * i, true));
      call.done = i;
      if (!core.memory.has(frame * HV_HYP_PAGE_SIZE, HV_HYP_PAGE_SIZE)) return INVALID_PARAMETER;
      if (accounts.has(frame) || !account.deposit(frame)) return INVALID_PARAMETER;
    }
    call.done = call.repEnd;
    return SUCCESS;
  });
  calls.serve(HVCALL_WITHDRAW_MEMORY, (call) => {
    const account = accountOf(call);
    if (account === undefined) return INVALID_PARTITION_ID;
    const frames = account.withdraw(call.repEnd - call.repStart);
    for (const [i, frame] of frames.entries()) call.output.setBigUint64(8 * (call.repStart + i), BigInt(frame), true);
    call.done = call.repStart + frames.length;
    return call.done === call.repEnd ? SUCCESS : NO_RESOURCES;
  });
}
