import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readProjectText, withTempFolder } from '../support/project.js';
import { hvabi } from './run-cli.js';

const test = suite('cli: simulate');

for (const page of ['simulate', 'iommu'])
  test(`the commands of docs/${page}.md: a recorded run is read back without a difference`, async () => {
    const text = readProjectText('docs', `${page}.md`);
    const lines = [...text.matchAll(/^ {4}hvabi (.*)$/gm)].map(([, line]) => line!);
    assert.is(lines.length, 3);
    await withTempFolder((folder) => {
      for (const line of lines) {
        const args = line.split(' ').map((arg) => (arg.endsWith('.jsonl') ? join(folder, arg) : arg));
        const { code, err, out } = hvabi(args);
        assert.equal([line, code, err], [line, 0, '']);
        assert.match(
          out,
          args[0] === 'decode' ? /(\d+) with bytes, \1 decoded, \1 re-encoded/ : /(\d+) of \1 checks hold/,
        );
      }
    });
  });

test('a timeline names what crosses, in both directions', () => {
  const { out, code } = hvabi(['simulate', 'boot']);
  assert.is(code, 0);
  for (const line of [
    /→ CHANNELMSG_INITIATE_CONTACT +version 5\.3/,
    /← CHANNELMSG_OFFERCHANNEL +channel 3 {2}HV_PCIE_GUID/,
    /→ PCI_CREATE_INTERRUPT_MESSAGE3 .*vector 0xef/,
    /→ HVCALL_RETARGET_INTERRUPT/,
    /→ PCI_EJECTION_COMPLETE/,
  ])
    assert.match(out, line);
});

test('quiet is one line a run; protocols are four runs; a version can be chosen', () => {
  const { out } = hvabi(['simulate', 'protocols', '-q']);
  assert.equal(
    out
      .trimEnd()
      .split('\n')
      .map((line) => /^multi, x64, vPCI (\S+): (\d+) of \2 checks hold/.exec(line)?.[1]),
    ['1.1', '1.2', '1.3', '1.4'],
  );
  assert.match(hvabi(['simulate', 'boot', '-q', '--proto', '1.2']).out, /^boot, x64, vPCI 1\.2: /);
});

test('many orders, and a Worker for each VP', () => {
  assert.is(hvabi(['simulate', 'hibernate', '--seeds', '20']).out, 'hibernate, x64: 20 of 20 orders hold\n');
  const { out, err, code } = hvabi(['simulate', 'boot', '--workers', '-q']);
  assert.equal([code, err], [0, '']);
  assert.match(out, /^boot, x64: (\d+) of \1 checks hold, \d+ events, [\d.]+ ms of real time\n$/);
});

for (const [args, title] of [
  [['pviommu'], 'pviommu, x64'],
  [['pviommu', '--iommu', 'blocked'], 'pviommu, x64, IOMMU blocked'],
  [['pviommu', '--iommu', 'off', '--workers'], 'pviommu, x64, IOMMU off'],
  [['races', '--iommu', 'paging', '--dma', 'strict', '--seed', '3'], 'races, x64, IOMMU paging, DMA strict'],
] as const)
  test(`E2E-01 an IOMMU in front of the disks: ${args.join(' ')}`, () => {
    const { out, err, code } = hvabi(['simulate', ...args, '-q']);
    assert.equal([code, err], [0, '']);
    assert.match(out, new RegExp(`^${title}: (\\d+) of \\1 checks hold`));
  });

test('E2E-01 a record of it: what the host translated and what it refused, in words', async () => {
  await withTempFolder((folder) => {
    const file = join(folder, 'pviommu.hvc.jsonl');
    assert.is(hvabi(['simulate', 'pviommu', '-q', '--record', file]).code, 0);
    const { out, code } = hvabi(['decode', file, '--check']);
    assert.is(code, 0);
    assert.match(out, /dma +device 0x37a94e00 {2}iova 0xffffd000 {2}gpa 0x[0-9a-f]+000 {2}length 4096 {2}access write/);
    assert.match(out, /iommu_fault +device 0x37a94e00 {2}iova 0x1000 {2}access write {2}reason not mapped/);
  });
});

for (const args of [[], ['--workers']])
  test(`-v names every check that holds: ${['boot', ...args].join(' ')}`, () => {
    const { out } = hvabi(['simulate', 'boot', '-v', ...args]);
    const [, count] = /: (\d+) of \1 checks hold/.exec(out)!;
    assert.is([...out.matchAll(/^ +holds: /gm)].length, Number(count));
    assert.match(out, /^ +holds: the ejected disk is gone$/m);
    assert.not(hvabi(['simulate', 'boot', ...args]).out.includes('holds: '));
  });

for (const [args, about] of [
  [['pviommu'], /: a disk behind the IOMMU of the guest: .* all its DMA through stage-1 tables \(E2E-01, PVI-51/],
  [['pviommu', '--iommu', 'identity'], /, IOMMU identity: a disk in the identity domain .* translated by nothing/],
  [['pviommu', '--iommu', 'blocked'], /, IOMMU blocked: .* its first access is refused/],
  [['pviommu', '--iommu', 'off'], /, IOMMU off: a guest that looks for an IOMMU and has none.* without translation/],
  [['pviommu', '--iommu', 'off', '--arch', 'arm64'], /pviommu, arm64, IOMMU off: a guest that .* has none/],
  [['root-low-memory'], /: a root partition maps 1 GiB for .* ten pages for tables: it runs out twice, .* 256 each/],
] as const)
  test(`the title says what this run is: ${args.join(' ')}`, () => {
    const { out, code } = hvabi(['simulate', ...args]);
    assert.is(code, 0);
    assert.match(out.split('\n', 1)[0]!, about);
  });

test('a good run has no warning, and says why a close comes behind the rescind', () => {
  for (const name of ['boot', 'pviommu', 'multi', 'root-passthrough']) {
    const { out } = hvabi(['simulate', name]);
    assert.not.match(out, /warn|error/, name);
    assert.is(
      /^ +channel 3 is closed behind its rescind, as Linux does$/m.test(out),
      ['boot', 'pviommu'].includes(name),
    );
  }
});

test('the highest seed is an order of its own', () => {
  assert.match(hvabi(['simulate', 'boot', '-q', '--seed', '4294967295']).out, /(\d+) of \1 checks hold/);
});

test('a record of one of the protocols is read back', async () => {
  await withTempFolder((folder) => {
    const file = join(folder, 'old.hvc.jsonl');
    assert.is(hvabi(['simulate', 'protocols', '--proto', '1.1', '-q', '--record', file]).code, 0);
    const { code, err } = hvabi(['decode', file, '--check', '-q']);
    assert.equal([code, err], [0, '']);
  });
});

for (const [args, error] of [
  [['simulate'], /scenario/],
  [['simulate', 'nothing'], /boot, multi/],
  [['simulate', 'boot', '--proto', '2.0'], /^hvabi: --proto 2\.0: no such version\n {2}takes 1\.1, 1\.2, 1\.3, 1\.4/],
  [['simulate', 'boot', '--workers', '--seed', '1'], /--workers runs in real time/],
  [['simulate', 'boot', '--seeds', '2', '--record', 'x'], /--record keeps one run/],
  [['simulate', 'protocols', '--record', 'x'], /protocols makes four\n {2}name the one with --proto/],
  [['simulate', 'boot', '--seeds', '0'], /^hvabi: --seeds 0: no order to run\n {2}takes a count/],
  [['simulate', 'boot', '--record', 'no/such/x'], /^hvabi: no\/such\/x: cannot be written: no such folder\n {2}name a/],
  [['simulate', 'boot', '--iommu', 'all'], /paging, identity, blocked, off/],
  [['simulate', 'boot', '--iommu', 'blocked'], /--iommu blocked: boot needs its disks\n {2}pviommu shows/],
  [['simulate', 'boot', '--arch', 'arm64', '--iommu', 'paging'], /on x64 only\n {2}leave --arch out/],
  [
    ['simulate', 'root-passthrough', '--dma', 'strict'],
    /^hvabi: --dma strict: root-passthrough has an IOMMU of its own\n {2}leave --dma out/,
  ],
  [
    ['simulate', 'iommufd-events', '--iommu', 'off'],
    /^hvabi: --iommu off: iommufd-events has an IOMMU of its own\n {2}leave --iommu out/,
  ],
  [['simulate', 'boot', '--arch', 'arm64', '--dma', 'lazy'], /^hvabi: --dma lazy: guests have this IOMMU on x64 only/],
  [['simulate', 'pviommu', '--arch', 'arm64'], /^hvabi: pviommu --arch arm64: .* on x64 only\n {2}.*--iommu off is/],
  [
    ['simulate', 'pviommu', '--iommu', 'off', '--dma', 'lazy'],
    /^hvabi: --dma lazy: with --iommu off nothing is mapped/,
  ],
  [['simulate', 'boot', '--proto', 'abc'], /'abc' is invalid\. Takes a version such as 1\.4 or 0x10004/],
  [['simulate', 'root-passthrough', '--proto', '1.2'], /^hvabi: --proto: root-passthrough has no virtual PCI bus/],
  [['simulate', 'boot', '--seed', '4294967296'], /^hvabi: --seed 4294967296: too large\n {2}a seed has 32 bits/],
  [['simulate', 'boot', '--seed', '4294967295', '--seeds', '2'], /^hvabi: --seeds 2: there are not so many from/],
  [['simulate', 'boot', '--record', '-'], /^hvabi: --record -: standard output is for what happens\n {2}name a file/],
  [['simulate', 'boot', '-q', '-v'], /^hvabi: -v shows every event and -q none\n {2}leave one of them out/],
] as const)
  test(`${args.join(' ')} is refused`, () => {
    const { code, err } = hvabi(args);
    assert.is(code, 2);
    assert.match(err, error);
  });

test.run();
