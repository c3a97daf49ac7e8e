import { expect, test } from "vitest";
import { classify } from "../../src/classify.js";

test("probabilities are the softmax, best first", () => {
  const [best, second, ...none] = classify(Float32Array.of(0, Math.log(3), -1e9), ["a", "b", "c"], 2);
  expect(best).toMatchObject({ index: 1, label: "b" });
  expect(best!.probability).toBeCloseTo(0.75);
  expect(second).toMatchObject({ index: 0, label: "a" });
  expect(none).toEqual([]);
});

test("large logits do not overflow, equals keep their order, classes need no names", () => {
  expect(classify(Float32Array.of(1e5, 1e5), [], 5)).toEqual([
    { index: 0, label: "0", probability: 0.5 },
    { index: 1, label: "1", probability: 0.5 },
  ]);
});
