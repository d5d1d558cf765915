import { pci_message_type, pci_nt_status, pci_version_request } from '../../abi/vpci/message.js';
import { encode } from '../../layout/codec.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import { ask } from './exchange.js';
import type { VirtualBus } from './virtual-bus.js';

/** Offers `versions` in their order until the host takes one: EPROTO when it takes none, or refuses for another reason (VPCI-10). */
export function* negotiate(bus: VirtualBus, versions: readonly number[]): Routine<Outcome<number>> {
  for (const version of versions) {
    const answer = yield* ask(
      bus,
      encode(pci_version_request, {
        message_type: { type: pci_message_type.PCI_QUERY_PROTOCOL_VERSION },
        protocol_version: version,
      }),
    );
    if (!answer.ok) return answer;
    const status = answer.value.status;
    if (status >= 0) return success(version);
    if (status >>> 0 !== pci_nt_status.STATUS_REVISION_MISMATCH) {
      bus.log('error', 'vpci-version-query-failed', { version, status: status >>> 0 });
      return failure('EPROTO', status >>> 0);
    }
  }
  bus.log('error', 'vpci-no-common-version');
  return failure('EPROTO');
}
