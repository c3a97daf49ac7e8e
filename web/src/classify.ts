import type { Classification } from "./types.js";

/** The most probable classes, best first; of equals the one of the lower index. */
export function classify(logits: Float32Array, labels: string[], top: number): Classification[] {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers
    .map((power, index) => ({ index, label: labels[index] ?? String(index), probability: power / sum }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
}
