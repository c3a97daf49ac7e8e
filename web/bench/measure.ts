import type { Engine } from "./engine";

const ROUNDS = 7;
const WARM_UP = 3;
const MILLISECONDS_A_ROUND = 150;

/** A run longer than this is warm after one, and is in fewer rounds: it varies little. */
const LONG_RUN = 1000;
const ROUNDS_OF_LONG_RUNS = 3;

export interface Timing {
  name: string;
  milliseconds: number;
}

/**
 * Median time of a run of each engine, which has run once; all engines take turns, so that a slow moment of the machine
 * hits all.
 */
export async function measure(engines: readonly Engine[]): Promise<Timing[]> {
  const plans: { engine: Engine; count: number; rounds: number; samples: number[] }[] = [];
  for (const engine of engines) {
    let once = await time(engine, 1);
    for (let run = 0; run < WARM_UP && once < LONG_RUN; run++) once = await time(engine, 1);
    console.info(`${engine.name}: ${once.toPrecision(3)} ms warm`);
    plans.push({
      engine,
      count: Math.max(1, Math.round(MILLISECONDS_A_ROUND / Math.max(once, 0.01))),
      rounds: once < LONG_RUN ? ROUNDS : ROUNDS_OF_LONG_RUNS,
      samples: [],
    });
  }
  for (let round = 0; round < ROUNDS; round++) {
    console.info(`round ${round + 1} of ${ROUNDS}`);
    for (const { engine, count, rounds, samples } of plans) {
      if (round < rounds) samples.push(await time(engine, count));
    }
  }
  return plans.map(({ engine, samples }) => ({ name: engine.name, milliseconds: median(samples) }));
}

async function time(engine: Engine, runs: number): Promise<number> {
  const start = performance.now();
  for (let run = 0; run < runs; run++) await engine.run();
  return (performance.now() - start) / runs;
}

function median(samples: number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
