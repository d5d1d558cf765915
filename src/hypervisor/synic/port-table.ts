import type { Listener, PostedMessage } from '../../ports/host-port.js';
import { HypervisorError } from '../hypervisor-error.js';

export type MessageTaker = (message: PostedMessage) => number;
export type SignalTaker = (flag: number, vp: number) => void;

/** Connections of the partition to ports of its host, by connection id. */
export class PortTable {
  private readonly messages = new Map<number, MessageTaker>();
  private readonly signals = new Map<number, SignalTaker>();

  listenMessages(connectionId: number, take: MessageTaker): Listener {
    return listen(this.messages, 'message', connectionId, take);
  }

  listenSignals(connectionId: number, take: SignalTaker): Listener {
    return listen(this.signals, 'event', connectionId, take);
  }

  messageTaker(connectionId: number): MessageTaker | undefined {
    return this.messages.get(connectionId);
  }

  signalTaker(connectionId: number): SignalTaker | undefined {
    return this.signals.get(connectionId);
  }
}

function listen<T>(served: Map<number, T>, kind: string, connectionId: number, take: T): Listener {
  if (served.has(connectionId)) throw new HypervisorError(`${kind} connection ${connectionId} is served already`);
  served.set(connectionId, take);
  return {
    close: () => {
      if (served.get(connectionId) === take) served.delete(connectionId);
    },
  };
}
