import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/unit/**/*.test.ts", "tests/package/**/*.test.ts"],
    // A GPU made of software takes its time on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
