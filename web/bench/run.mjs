// Serves the benchmark page, runs it in headless Chromium and prints a table.
//
// Usage: node run.mjs FOLDER [--devices wasm,webgpu] [--networks mnist-conv,resnet18,...]
//
// FOLDER holds the models that scripts/bench/web makes; results.json is written there.

import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "@playwright/test";
import { createServer } from "vite";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { devices: { type: "string" }, networks: { type: "string" } },
});
const folder = resolve(positionals[0] ?? ".");
const here = import.meta.dirname;
const served = resolve(folder, "public");
mkdirSync(served, { recursive: true });
for (const [from, to] of [
  [resolve(folder, "models"), "models"],
  [resolve(here, "node_modules/onnxruntime-web/dist"), "ort"],
  [resolve(here, "node_modules/@tensorflow/tfjs-backend-wasm/dist"), "tfjs"],
]) {
  cpSync(from, resolve(served, to), { recursive: true });
}

const server = await createServer({
  root: here,
  configFile: false,
  publicDir: served,
  logLevel: "error",
  resolve: { alias: { deepshift: resolve(here, "../src/index.ts") } },
  server: { port: 0, fs: { allow: [resolve(here, "../..")] } },
});
await server.listen();
const query = new URLSearchParams(Object.entries(values));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--headless=new",
    "--no-sandbox",
    "--enable-unsafe-webgpu",
    ...(process.env.CHROMIUM_ARGUMENTS ?? "--use-webgpu-adapter=swiftshader").split(" "),
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  const page = await browser.newPage();
  page.on("console", (message) => ["error", "info"].includes(message.type()) && console.error(message.text()));
  await page.goto(`${server.resolvedUrls.local[0]}?${query}`);
  await page.waitForFunction(() => window.results, undefined, { timeout: 0 });
  const results = await page.evaluate(() => window.results);
  if (results.error) throw new Error(results.error);
  writeFileSync(resolve(folder, "results.json"), JSON.stringify(results, undefined, 2));
  print(results);
} finally {
  await browser.close();
  await server.close();
}

function print({ rows, userAgent, adapter }) {
  console.log(`${userAgent}\nWebGPU adapter: ${adapter}\n`);
  for (const network of new Set(rows.map((row) => row.network))) {
    const own = rows.filter((row) => row.network === network);
    console.log(`| ${network} | ms a picture | onnxruntime-web f32 on the same device / this | cosine |\n|---|---|---|---|`);
    for (const { name, milliseconds, agreement } of own) {
      const device = name.includes("webgpu") ? "webgpu" : "wasm";
      const base = own.find((row) => row.name === `onnxruntime-web ${device} f32`);
      const ratio = base ? (base.milliseconds / milliseconds).toFixed(2) : "";
      console.log(`| ${name} | ${Number(milliseconds.toPrecision(3))} | ${ratio} | ${agreement.toFixed(4)} |`);
    }
    console.log();
  }
}
