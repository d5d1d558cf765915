import { evt_id, evtq_ent } from '../../abi/iommufd/smmuv3-event.js';
import { LossCount, splitVevents, type VeventRecord } from '../../guest/iommufd/vevent-reader.js';
import { decode } from '../../layout/codec.js';
import type { ValueOf } from '../../layout/types.js';
import { type Routine, sleep, start } from '../../sched/routine.js';
import { SCENARIOS } from '../serve/scenarios.js';
import { stalls, unanswered } from './iommufd-faults.js';
import { errnoOf, IommufdMachine } from './iommufd-machine.js';
import { build, DEPTH, DISK, NIC, STEP_US, type Stage, VIRTUAL_DISK, VIRTUAL_NIC } from './iommufd-stage.js';
import type { GuestScene, HostScene, Simulation } from './simulation.js';

/** No device of the machine. */
const STRANGER = 0x99;
const RECORD_BYTES = 8 + evtq_ent.size;

type SmmuRecord = ValueOf<typeof evtq_ent>;
const smmuRecord = (record: VeventRecord): SmmuRecord | undefined =>
  record.payload === undefined ? undefined : decode(evtq_ent, record.payload);

/** Reads events; each by its number and the stream it is of, `lost` for a header that says so. */
function readEvents({ machine, made, losses }: Stage, most = 64): { text: string; lost: number } {
  const found = machine.calls.read(made.events.fd, most * RECORD_BYTES);
  const records = found.ok ? splitVevents(found.value, evtq_ent.size) : [];
  const lost = records.reduce((sum, record) => sum + losses.take(record), 0);
  return { text: records.map((one) => (one.payload ? `${one.sequence}` : `lost ${one.sequence}`)).join(' '), lost };
}

/** An event reaches the guest's VMM, which waits for it, under the id that the guest knows. */
function* virtualEvents(stage: Stage): Routine {
  const { machine, made, report, queue, losses } = stage;
  const reading = start(queue, machine.calls.readWaiting(made.events.fd, RECORD_BYTES));
  yield* sleep(queue, STEP_US);
  report.check('the reader waits while there is no event', !reading.done);
  const address = 0x4000_1234n;
  const told = machine.report({ EVTQ_0_ID: evt_id.EVT_ID_TRANSLATION_FAULT, EVTQ_0_SID: DISK, EVTQ_2_ADDR: address });
  report.check('F_TRANSLATION of the disk is for the guest', told.ok);
  const got = yield* reading.join();
  const [record] = got.ok ? splitVevents(got.value, evtq_ent.size) : [];
  const event = record && smmuRecord(record);
  report.check('the reader has event 0', record?.sequence === 0 && losses.take(record) === 0);
  report.check(
    `its StreamID is the virtual one: 0x${event?.EVTQ_0_SID.toString(16)}`,
    event?.EVTQ_0_SID === VIRTUAL_DISK,
  );
  report.check('and nothing else of it changed', event?.EVTQ_0_ID === 0x10 && event.EVTQ_2_ADDR === address);
  const other = machine.report({ EVTQ_0_ID: evt_id.EVT_ID_BAD_CD_CONFIG, EVTQ_0_SID: NIC });
  const read = machine.calls.read(made.events.fd, RECORD_BYTES);
  const [second] = read.ok ? splitVevents(read.value, evtq_ent.size) : [];
  if (second !== undefined) losses.take(second);
  report.check(
    'C_BAD_CD of the network card has its own',
    other.ok && second !== undefined && smmuRecord(second)?.EVTQ_0_SID === VIRTUAL_NIC,
  );
}

/** Events that only the host's log has. */
function hostEvents({ machine, made, report }: Stage): void {
  const fault = { EVTQ_0_ID: evt_id.EVT_ID_TRANSLATION_FAULT, EVTQ_0_SID: DISK };
  const secondStage = machine.report({ ...fault, EVTQ_1_S2: true });
  report.check('an event of the second stage is none of the guest', errnoOf(secondStage) === 'EOPNOTSUPP');
  const fetch = machine.report({
    EVTQ_0_ID: evt_id.EVT_ID_STE_FETCH_FAULT,
    EVTQ_0_SID: DISK,
    evtq_3: { fetch: { EVTQ_3_FETCH_ADDR: 0x1000n } },
  });
  report.check('nor is F_STE_FETCH', errnoOf(fetch) === 'EOPNOTSUPP');
  report.check('nor is that of a stranger', errnoOf(machine.report({ ...fault, EVTQ_0_SID: STRANGER })) === 'EINVAL');
  const none = machine.calls.read(made.events.fd, RECORD_BYTES);
  report.check('the queue of events is empty', none.ok && none.value.length === 0);
}

/** More events than the queue keeps: the reader learns how many it missed, by a header or by a gap. */
function overflow(stage: Stage): void {
  const { machine, made, report } = stage;
  const happen = (count: number): void => {
    for (let n = 0; n < count; n++)
      machine.report({
        EVTQ_0_ID: evt_id.EVT_ID_PERMISSION_FAULT,
        EVTQ_0_SID: DISK,
        EVTQ_2_ADDR: BigInt(0x5000_0000 + n * 0x1000),
      });
  };
  happen(DEPTH + 3);
  const full = readEvents(stage);
  report.check(`eleven events, eight kept: ${full.text}`, full.text === '2 3 4 5 6 7 8 9 lost 12' && full.lost === 3);
  happen(DEPTH + 2);
  const first = readEvents(stage, 1);
  happen(1);
  const rest = readEvents(stage);
  report.check(`one is read, one follows: ${first.text}`, first.text === '13' && first.lost === 0);
  report.check(
    `the header gives way to a gap: ${rest.text}`,
    rest.text === '14 15 16 17 18 19 20 23' && rest.lost === 2,
  );
  const small = machine.calls.read(made.events.fd, RECORD_BYTES - 1);
  report.check('an empty queue gives nothing', small.ok && small.value.length === 0);
  happen(1);
  report.check('a record is not cut', errnoOf(machine.calls.read(made.events.fd, RECORD_BYTES - 1)) === 'EINVAL');
  report.check('and stays', readEvents(stage).text === '24');
}

/** Everything goes: what is in use not before its users, a VDEVICE with its device. */
function tearDown(stage: Stage): void {
  const { machine, made, report } = stage;
  const refuses = (id: number): boolean => errnoOf(machine.destroy(id)) === 'EBUSY';
  const goes = (text: string, id: number): boolean => report.check(text, machine.destroy(id).ok);
  report.check('a virtual IOMMU in use stays', refuses(made.viommu));
  report.check('so does a page table with a device', refuses(made.quiet));
  report.check('and a queue with an open descriptor', refuses(made.events.id));
  report.check('the network card is unbound', machine.unbind(made.nic).ok);
  report.check('its VDEVICE is dead', errnoOf(machine.allocVdevice(made.virtualNic, made.disk, 1n)) === 'ENOENT');
  const late = machine.report({ EVTQ_0_ID: evt_id.EVT_ID_TRANSLATION_FAULT, EVTQ_0_SID: NIC });
  report.check('the SMMU finds no device for its stream', errnoOf(late) === 'EINVAL');
  goes('destroying a dead id frees it', made.virtualNic);
  report.check('once', errnoOf(machine.destroy(made.virtualNic)) === 'ENOENT');
  report.check('the disk is detached', machine.detach(made.disk).ok);
  goes('the page table of the guest goes', made.nested);
  goes('the other one too', made.quiet);
  goes('the VDEVICE of the disk goes', made.virtualDisk);
  for (const { fd } of [made.events, made.fault]) machine.calls.close(fd);
  goes('the queue of events goes', made.events.id);
  goes('the queue of page faults goes', made.fault.id);
  goes('the virtual IOMMU goes', made.viommu);
  goes('its page table goes', made.parent);
  goes('the address space goes', made.ioas);
  report.check('the disk is unbound', machine.unbind(made.disk).ok);
  report.check(`nothing is left: ${machine.context.taken} objects`, machine.context.taken === 0);
}

function* host({ host: side, queue, flags, report }: HostScene): Routine {
  const machine = new IommufdMachine(side.partition.trace, ({ fields = {} }) => {
    report.say(
      `the host logs event 0x${Number(fields.id).toString(16)} of stream 0x${Number(fields.streamId).toString(16)}`,
    );
  });
  const stage: Stage = { machine, report, queue, made: build(machine, report), losses: new LossCount() };
  yield* virtualEvents(stage);
  hostEvents(stage);
  overflow(stage);
  yield* stalls(stage);
  unanswered(stage);
  tearDown(stage);
  flags.raise('returned');
}

function* guest({ queue, flags, report }: GuestScene): Routine {
  report.check('the host comes through', yield* flags.wait(queue, 'returned'));
}

export const iommufdEvents: Simulation = {
  name: 'iommufd-events',
  about:
    'a process with /dev/iommu and a virtual SMMUv3: events under virtual ids, lost events, page faults and their answers',
  shows: ['E2E-10'],
  cpus: 1,
  plan: SCENARIOS.root,
  guest,
  host,
};
