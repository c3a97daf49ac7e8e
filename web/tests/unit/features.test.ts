import { afterEach, expect, test, vi } from "vitest";
import { bestBuild } from "../../src/features.js";

afterEach(() => vi.restoreAllMocks());

test("the features are those of this engine", () => {
  // V8 has relaxed SIMD since version 11.4.
  const [major = 0, minor = 0] = process.versions.v8.split(".").map(Number);
  expect(bestBuild()).toBe(major > 11 || (major === 11 && minor >= 4) ? "relaxed-simd" : "simd128");
});

test("what is missing is not used", () => {
  const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  expect(bestBuild()).toBe("scalar");
  expect(validate).toHaveBeenCalledTimes(2);
  validate.mockReturnValueOnce(false).mockReturnValueOnce(true);
  expect(bestBuild()).toBe("simd128");
  validate.mockReturnValue(true);
  expect(bestBuild()).toBe("relaxed-simd");
});
