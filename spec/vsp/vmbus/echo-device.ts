import { ReceivedPacket } from '../../../src/ring/ring-packet.js';
import type { ChannelDevice, HostChannel } from '../../../src/vsp/vmbus/channel-device.js';

/** A device that answers every packet with its payload and keeps a diary. */
export class EchoDevice implements ChannelDevice {
  readonly interfaceId: string = '44c4f61d-4444-4400-9d52-802e27ede19f';
  readonly instanceId: string;
  readonly mmioMegabytes: number = 3;
  readonly channelFlags: number;
  readonly subchannelIndex: number;
  readonly diary: string[] = [];
  channel: HostChannel | undefined;
  /** Status of the next opens. */
  answer = 0;
  /** Reads nothing while false. */
  reads = true;
  /** Sends no answers while false. */
  replies = true;
  private readonly packet = new ReceivedPacket(64);

  constructor(number = 0, options: { flags?: number; subchannel?: number } = {}) {
    this.instanceId = `1122334${number}-5566-7788-99aa-bbccddeeff00`;
    this.channelFlags = options.flags ?? 0;
    this.subchannelIndex = options.subchannel ?? 0;
  }

  opened(channel: HostChannel, userData: Uint8Array): number {
    this.diary.push(`opened ${channel.relid} ${userData.length} ${userData[0]!.toString(16)}`);
    if (this.answer === 0) this.channel = channel;
    return this.answer;
  }

  signaled(): void {
    this.diary.push('signaled');
    const { channel, packet } = this;
    if (!this.reads || channel === undefined) return;
    for (;;) {
      const outcome = channel.receive(packet);
      if (outcome === 'empty') return;
      if (outcome === 'too-large') packet.grow(packet.neededBytes);
      else this.reply(channel, packet);
    }
  }

  closed(): void {
    this.diary.push('closed');
    this.channel = undefined;
  }

  /** The diary since the last look. */
  read(): string[] {
    return this.diary.splice(0);
  }

  private reply(channel: HostChannel, packet: ReceivedPacket): void {
    this.diary.push(`packet ${packet.payload().slice(0, 4).join(',')}`);
    const transactionId = packet.transactionId;
    if (this.replies && transactionId !== undefined)
      channel.send({ kind: 'completion', payload: packet.payload().slice(), transactionId });
  }
}
