import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { catalog } from '../../src/abi/hypercalls/catalog.js';
import { LIST_KINDS, listing } from '../../src/cli/lists.js';
import { repLimits } from '../../src/layout/hypercall.js';
import { hvabi } from './run-cli.js';

const test = suite('cli: list');

for (const kind of LIST_KINDS) {
  test(`${kind}: every row fills its first column, no row twice`, () => {
    const { columns, rows } = listing(kind);
    const [first] = columns;
    assert.ok(rows.length >= (kind === 'smmuv3' ? 12 : 20), `${rows.length} rows`);
    for (const row of rows) assert.ok(row[first!.key] !== undefined, JSON.stringify(row));
    const texts = rows.map((row) => JSON.stringify(row));
    assert.is(new Set(texts).size, texts.length);
  });
}

test('a call states its form, sizes, most reps and what bounds them', () => {
  const find = (name: string): object | undefined => listing('hypercalls').rows.find((row) => row.name === name);
  assert.equal(
    Object.fromEntries(
      Object.entries(find('HVCALL_MAP_DEVICE_GPA_PAGES') ?? {}).filter(
        ([key]) => key !== 'alias' && key !== 'linuxBatch' && key !== 'version',
      ),
    ),
    {
      code: '0x00b3',
      name: 'HVCALL_MAP_DEVICE_GPA_PAGES',
      form: 'rep',
      input: 'hv_input_map_device_gpa_pages',
      inputBytes: '40+8n',
      output: undefined,
      outputBytes: '',
      maxReps: 507,
      boundBy: 'input page',
    },
  );
  assert.is(listing('hypercalls').rows.length, catalog.length);
  assert.is(
    listing('hypercalls').rows.filter((row) => row.maxReps !== undefined).length,
    catalog.filter((call) => repLimits(call)).length,
  );
});

test('a request of /dev/iommu states its structure, its size and the least of it', () => {
  assert.equal(
    listing('iommufd').rows.find((row) => row.name === 'IOMMU_VEVENTQ_ALLOC'),
    {
      code: '0x3b93',
      name: 'IOMMU_VEVENTQ_ALLOC',
      bytes: '32',
      least: 28,
      struct: 'iommu_veventq_alloc',
      version: 'linux-7.3',
    },
  );
  assert.equal(
    listing('smmuv3').rows.find((row) => row.code === '0x10'),
    { code: '0x10', name: 'EVT_ID_TRANSLATION_FAULT' },
  );
});

test('the command prints rows, as JSON too, and counts the lists', () => {
  const text = hvabi(['list', 'guids']).out.trimEnd().split('\n');
  const json = JSON.parse(hvabi(['list', 'guids', '--json']).out) as object[];
  assert.is(text.length, json.length + 1);
  assert.equal(
    json.find((row) => 'name' in row && row.name === 'HV_PCIE_GUID'),
    { guid: '44c4f61d-4444-4400-9d52-802e27ede19f', name: 'HV_PCIE_GUID' },
  );
  const counts = JSON.parse(hvabi(['list', '--json']).out) as { what: string; rows: number }[];
  assert.equal(
    counts.map((count) => count.what),
    [...LIST_KINDS],
  );
});

test.run();
