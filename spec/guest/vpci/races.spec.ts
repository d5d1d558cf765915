import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RACES, runRace } from './race-matrix.js';

const SEEDS = 50;

const races = suite('guest/vpci races VPCI-84, E2E-07');

for (const race of RACES)
  races(`${race.id} ${race.title}`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) assert.equal(runRace(race, seed), [], `seed ${seed}`);
  });

races.run();
