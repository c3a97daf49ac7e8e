import type { Model } from "deepshift";

const ROUNDS = 9;
/** A round is long enough for clocks that tick in tenths of a millisecond. */
const ROUND_MILLISECONDS = 3;
/** Meanwhile browsers replace the code that they made first by faster code. */
const WARM_UP_MILLISECONDS = 300;

/** Median milliseconds of one run of each model with one picture. They take turns, so that what slows one slows all. */
export async function medianMilliseconds(models: Model[], picture: Uint8Array): Promise<number[]> {
  const begin = performance.now();
  do for (const model of models) await oneRound(model, picture);
  while (performance.now() - begin < WARM_UP_MILLISECONDS);
  const rounds = models.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, model] of models.entries()) rounds[index]!.push(await oneRound(model, picture));
  }
  return rounds.map((times) => times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? NaN);
}

async function oneRound(model: Model, picture: Uint8Array): Promise<number> {
  // The page draws and listens between rounds.
  await new Promise((resolve) => setTimeout(resolve));
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
