import type { Engine } from "./engine";

const ROUNDS = 7;
const WARM_UP = 3;
const MILLISECONDS_A_ROUND = 150;

export interface Timing {
  name: string;
  milliseconds: number;
}

/** Median time of a run of each engine; all engines take turns, so that a slow moment of the machine hits all. */
export async function measure(engines: readonly Engine[]): Promise<Timing[]> {
  const counts: number[] = [];
  for (const engine of engines) {
    for (let run = 0; run < WARM_UP; run++) await engine.run();
    const once = await time(engine, 1);
    counts.push(Math.max(1, Math.round(MILLISECONDS_A_ROUND / Math.max(once, 0.01))));
  }
  const samples: number[][] = engines.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, engine] of engines.entries()) {
      samples[index]!.push(await time(engine, counts[index]!));
    }
  }
  return engines.map((engine, index) => ({ name: engine.name, milliseconds: median(samples[index]!) }));
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
