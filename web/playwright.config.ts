import { defineConfig } from "@playwright/test";
import type { LaneOptions } from "./tests/page/lane.js";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const QUIET = [
  "--headless=new",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--js-flags=--expose-gc",
  "--enable-precise-memory-info",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
];
const lane = (args: string[]) => ({
  viewport: { width: 1280, height: 1000 },
  launchOptions: { executablePath: CHROMIUM, args: [...QUIET, ...args] },
});

/** Two lanes in the distribution's Chromium: wasm, and WebGPU on SwiftShader, a GPU made of software. */
export default defineConfig<LaneOptions>({
  testDir: "tests/page",
  outputDir: "test-results",
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  forbidOnly: true,
  reporter: "list",
  projects: [
    { name: "wasm", use: { device: "wasm", ...lane([]) }, testIgnore: /webgpu/ },
    {
      name: "webgpu",
      use: { device: "webgpu", ...lane(["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]) },
      testMatch: /(draw|memory|pictures|webgpu)\.spec/,
    },
  ],
});
