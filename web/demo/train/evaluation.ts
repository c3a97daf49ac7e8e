/** What the network says of test pictures. */
import type { Training } from "deepshift/worker";
import { TEST } from "./mnist.js";

/** Tested at once: short enough to stay responsive, long enough to be fast. */
const CHUNK = 500;
/** The quick test takes 50 from each of 20 parts, because MNIST's test digits are easier in some places than in others. */
const QUICK = { parts: 20, count: 50, offset: 100 };

export interface Evaluation {
  /** Which test pictures. */
  indices: number[];
  /** The class of each. */
  predictions: number[];
  /** What its right class was given. */
  probabilities: number[];
  /** Mean. */
  loss: number;
  /** Fraction. */
  accuracy: number;
}

type Part = [first: number, count: number];

/** All 10,000. `progress` hears the fraction that is done. */
export function fullTest(training: Training, progress: (fraction: number) => void): Promise<Evaluation> {
  const parts = Array.from({ length: TEST / CHUNK }, (_, index): Part => [index * CHUNK, CHUNK]);
  return test(training, parts, progress);
}

/** 1,000 of them, for the curve. */
export function quickTest(training: Training): Promise<Evaluation> {
  const parts = Array.from({ length: QUICK.parts }, (_, index): Part => [(index * TEST) / QUICK.parts + QUICK.offset, QUICK.count]);
  return test(training, parts, () => {});
}

async function test(training: Training, parts: Part[], progress: (fraction: number) => void): Promise<Evaluation> {
  const evaluation: Evaluation = { indices: [], predictions: [], probabilities: [], loss: 0, accuracy: 0 };
  let correct = 0;
  for (const [done, [first, count]] of parts.entries()) {
    progress(done / parts.length);
    const report = await training.test(first, count);
    evaluation.indices.push(...report.predictions.map((_, index) => first + index));
    evaluation.predictions.push(...report.predictions);
    evaluation.probabilities.push(...report.probabilities);
    evaluation.loss += report.loss;
    correct += report.correct;
  }
  const pictures = Math.max(1, evaluation.indices.length);
  return { ...evaluation, loss: evaluation.loss / pictures, accuracy: correct / pictures };
}
