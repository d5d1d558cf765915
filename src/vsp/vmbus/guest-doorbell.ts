import { vmbus_connection } from '../../abi/vmbus/version.js';
import type { HostPort } from '../../ports/host-port.js';

const SINT = vmbus_connection.VMBUS_MESSAGE_SINT;
/** The event flag that tells guests before 2.4 to look at the interrupt page. */
const SHARED_FLAG = 0;

/** How the host interrupts the guest for one channel. */
export class GuestDoorbell {
  /** Undefined where the guest asked for no interrupts. */
  vp: number | undefined;
  private readonly port: HostPort;
  private readonly flag: number;
  private readonly interruptPage: number | undefined;

  /** `interruptPage` is the GPA of the shared page of a guest before 2.4, whose first half has a bit for every flag. */
  constructor(port: HostPort, vp: number | undefined, flag: number, interruptPage: number | undefined) {
    this.port = port;
    this.vp = vp;
    this.flag = flag;
    this.interruptPage = interruptPage;
  }

  ring(): void {
    if (this.vp === undefined) return;
    if (this.interruptPage === undefined) this.port.signalEvent(this.vp, SINT, this.flag);
    else {
      this.port.memory.orU32(this.interruptPage + (this.flag >>> 5) * 4, (1 << (this.flag & 31)) >>> 0);
      this.port.signalEvent(0, SINT, SHARED_FLAG);
    }
  }
}
