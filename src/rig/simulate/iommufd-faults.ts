import { iommu_hwpt_page_response, iommu_hwpt_pgfault, iommufd_page_response_code } from '../../abi/iommufd/fault.js';
import { decode, encode } from '../../layout/codec.js';
import type { ValueOf } from '../../layout/types.js';
import { type Routine, sleep, start } from '../../sched/routine.js';
import { DISK, NIC, STEP_US, type Stage } from './iommufd-stage.js';
import type { HostScene } from './simulation.js';

const { IOMMUFD_PAGE_RESP_SUCCESS: SUCCESS, IOMMUFD_PAGE_RESP_INVALID: INVALID } = iommufd_page_response_code;

type PageFault = ValueOf<typeof iommu_hwpt_pgfault>;

function readFaults({ machine, made }: Stage, most = 8): PageFault[] {
  const found = machine.calls.read(made.fault.fd, most * iommu_hwpt_pgfault.size);
  const count = found.ok ? found.value.length / iommu_hwpt_pgfault.size : 0;
  return Array.from({ length: count }, (_, n) =>
    decode(iommu_hwpt_pgfault, found.ok ? found.value : new Uint8Array(0), {
      offset: n * iommu_hwpt_pgfault.size,
      trailing: 'ignore',
    }),
  );
}

function respond({ machine, made }: Stage, ...responses: readonly (readonly [cookie: number, code: number])[]): string {
  const bytes = new Uint8Array(responses.length * iommu_hwpt_page_response.size);
  for (const [n, [cookie, code]] of responses.entries())
    bytes.set(encode(iommu_hwpt_page_response, { cookie, code }), n * iommu_hwpt_page_response.size);
  const taken = machine.calls.write(made.fault.fd, bytes);
  return taken.ok ? `${taken.value}` : taken.errno;
}

/** Pages that the guest's page table has by now. */
const pageOf = (address: bigint): bigint => address & ~0xfffn;

/** A disk that waits for its pages: answered, answered in vain, refused. */
export function* stalls(stage: Stage): Routine {
  const { machine, made, report, queue } = stage;
  const present = new Set<bigint>();
  const access = (address: bigint, tag: number) =>
    machine.access(DISK, address, tag, () => present.has(pageOf(address)));
  const first = access(0x6000_0040n, 7);
  const [fault] = readFaults(stage);
  report.check('the page fault names the DEVICE, not the virtual id', fault?.dev_id === made.disk);
  report.check('the page that is missing', fault?.addr === 0x6000_0000n && fault.grpid === 7 && fault.cookie === 1);
  report.check('the disk waits', first.state === 'waiting');
  report.check('a code that is none is refused', respond(stage, [1, 2]) === 'EINVAL');
  report.check('so is a cookie that nobody gave', respond(stage, [9, SUCCESS]) === 'EINVAL');
  present.add(0x6000_0000n);
  report.check('the response is taken', respond(stage, [1, SUCCESS]) === '8');
  report.check('the DMA is tried again and goes through', first.state === 'done');

  const pages = [0x7000_0000n, 0x7000_1000n];
  const both = pages.map((page, n) =>
    start(
      queue,
      stalledBy(queue, () => access(page + 8n, 8 + n)),
    ),
  );
  yield* sleep(queue, STEP_US);
  const faults = readFaults(stage);
  const cookieOf = (page: bigint): number => faults.find(({ addr }) => addr === page)?.cookie ?? 0;
  report.check('two page faults in one read', faults.length === 2);
  present.add(pages[1]!);
  report.check(
    'a response each in one write',
    respond(stage, [cookieOf(pages[1]!), SUCCESS], [cookieOf(pages[0]!), INVALID]) === '16',
  );
  const states = [];
  for (const one of both) states.push((yield* one.join()).state);
  report.check(`one goes through, one is aborted: ${states}`, `${states}` === 'aborted,done');

  const vain = access(0x7000_2000n, 10);
  const [before] = readFaults(stage);
  report.check('success before the page is there', respond(stage, [before?.cookie ?? 0, SUCCESS]) === '8');
  const [again] = readFaults(stage);
  report.check('faults again', vain.state === 'waiting' && again?.addr === 0x7000_2000n);
  report.check(
    'and an invalid response ends it',
    respond(stage, [again?.cookie ?? 0, INVALID]) === '8' && vain.state === 'aborted',
  );
}

function* stalledBy<T>(queue: HostScene['queue'], begin: () => T): Routine<T> {
  yield* sleep(queue, 1);
  return begin();
}

/** Accesses that nobody answers: the kernel does. */
export function unanswered(stage: Stage): void {
  const { machine, made, report } = stage;
  const quiet = machine.access(NIC, 0x8000_0000n, 1, () => false);
  report.check('without a handler the kernel answers', quiet.state === 'aborted');
  report.check('and nobody reads of it', readFaults(stage).length === 0);
  const read = machine.access(DISK, 0x8000_1000n, 2, () => false);
  const [fault] = readFaults(stage);
  const pending = machine.access(DISK, 0x8000_2000n, 3, () => false);
  report.check('the disk goes to another page table', machine.attach(made.disk, made.ioas).ok);
  report.check('what it waited for is aborted', read.state === 'aborted' && pending.state === 'aborted');
  report.check('the cookie is worth nothing any more', respond(stage, [fault?.cookie ?? 0, SUCCESS]) === 'EINVAL');
}
