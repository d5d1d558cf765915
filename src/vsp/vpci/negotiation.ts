import { pci_version_request } from '../../abi/vpci/message.js';
import { ProtocolVersion, QueryProtocolVersionReply } from '../../abi/vpci/openvmm-devices.js';
import { encode } from '../../layout/codec.js';
import { type BusCore, type Handler, statusAnswer } from './bus-core.js';
import { readBody } from './request.js';
import { STATUS_REVISION_MISMATCH, STATUS_SUCCESS } from './statuses.js';

/** Before a version is agreed on only PCI_QUERY_PROTOCOL_VERSION may come; a refused one may be followed by another. */
export const negotiate: Handler = (core, request) => {
  const body = readBody(pci_version_request, request);
  if (body === undefined) return 'stop';
  const version = body.protocol_version;
  const accepted = core.versions.includes(version);
  if (accepted) core.version = version;
  core.log.add({ what: 'version', version, accepted });
  const status = accepted ? STATUS_SUCCESS : STATUS_REVISION_MISMATCH;
  if (core.shortAnswers) return statusAnswer(status);
  return encode(QueryProtocolVersionReply, { status, protocol_version: advertised(core) });
};

/** OpenVMM names VB whatever it accepted; a host that does not speak it names its newest, which a guest can ask for next. */
function advertised({ versions }: BusCore): number {
  return versions.includes(ProtocolVersion.VB) ? ProtocolVersion.VB : versions[versions.length - 1]!;
}
