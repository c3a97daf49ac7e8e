/** Shortest sample worth having: clocks of browsers may tick only every millisecond. */
const SAMPLE_MS = 5;
const SAMPLES = 5;
/** Networks that take long are measured less often. */
const BUDGET_MS = 400;
/** Meanwhile engines replace the code that they made first, which may be three times slower. */
const WARM_UP_MS = 100;

/** Median milliseconds of a call, after calls that warm up. Short calls are timed several at once. */
export async function measure(call: () => unknown, now = () => performance.now()): Promise<number> {
  const start = now();
  do await call();
  while (now() - start < WARM_UP_MS);
  const begin = now();
  const samples: number[] = [];
  for (let calls = 1; ; ) {
    const elapsed = await time(call, calls, now);
    if (elapsed < SAMPLE_MS) {
      calls *= 2;
      continue;
    }
    samples.push(elapsed / calls);
    if (samples.length === SAMPLES || now() - begin > BUDGET_MS) return median(samples);
  }
}

async function time(call: () => unknown, calls: number, now: () => number): Promise<number> {
  const begin = now();
  for (let done = 0; done < calls; done += 1) await call();
  return now() - begin;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
