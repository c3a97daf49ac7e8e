import type { Model } from "deepshift";

const ROUNDS = 9;
/** A round is long enough for clocks that tick in tenths of a millisecond. */
const ROUND_MILLISECONDS = 3;

/** Median milliseconds of one run with one picture. */
export async function medianMilliseconds(model: Model, picture: Uint8Array): Promise<number> {
  await model.run(picture);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await oneRound(model, picture));
  rounds.sort((a, b) => a - b);
  return rounds[Math.floor(ROUNDS / 2)] ?? NaN;
}

async function oneRound(model: Model, picture: Uint8Array): Promise<number> {
  const begin = performance.now();
  let runs = 0;
  let elapsed = 0;
  do {
    await model.run(picture);
    runs++;
    elapsed = performance.now() - begin;
  } while (elapsed < ROUND_MILLISECONDS);
  return elapsed / runs;
}
