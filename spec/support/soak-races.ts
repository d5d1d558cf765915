import { RACES, runRace } from '../guest/vpci/race-matrix.js';

/**
 * Every race of the matrix in `seeds` interleavings each. Throws Error with race, seed and finding for the first one that goes
 * wrong; the same seed goes wrong again.
 */
export function runRaces(seeds: number, say: (line: string) => void = () => {}): { interleavings: number } {
  for (const race of RACES) {
    for (let seed = 1; seed <= seeds; seed++) {
      const problems = runRace(race, seed);
      if (problems.length > 0) throw new Error(`${race.id}, seed ${seed}: ${problems.join('; ')}`);
    }
    say(`${race.id} ${race.title}: ${seeds} interleavings`);
  }
  return { interleavings: RACES.length * seeds };
}
