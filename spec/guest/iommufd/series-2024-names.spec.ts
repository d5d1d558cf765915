import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SERIES_2024_NAMES } from '../../../src/guest/iommufd/series-2024-names.js';
import { readProjectText } from '../../support/project.js';

const test = suite('VIO-40: names of the series of 2024');

const before = readProjectText('src', 'abi', 'iommufd', 'series-2024.ts');
const now = ['command', 'ioas', 'viommu', 'requests']
  .map((file) => readProjectText('src', 'abi', 'iommufd', `${file}.ts`))
  .join('\n');

for (const [old, name] of Object.entries(SERIES_2024_NAMES))
  test(`${old} is declared, and so is ${name}, which it became`, () => {
    assert.match(before, new RegExp(`\\b${old}\\b`));
    assert.match(now, new RegExp(`\\b${name}\\b`));
  });

test.run();
