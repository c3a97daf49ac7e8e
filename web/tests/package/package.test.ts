import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "@playwright/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Opened, launch, open } from "./browser.js";
import digit from "./digit.json" with { type: "json" };
import { Projects, model, ours, run } from "./projects.js";
import { type Served, serveFolders, serveWithVite } from "./servers.js";

let projects: Projects;
let browser: Browser;

beforeAll(async () => {
  projects = new Projects();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  projects?.remove();
});

/** Every wasm file of the package. */
const MODULES = ["cpu-relaxed-simd", "cpu-scalar", "cpu-simd128", "inspect", "train", "webgpu"];

/** The tests of a page, wherever it is served. */
function pageTests(serve: () => Promise<Served>): void {
  let served: Served;
  let opened: Opened;

  beforeAll(async () => {
    served = await serve();
    opened = await open(browser, served.url);
  });

  afterAll(async () => {
    await opened?.page.close();
    served?.close();
  });

  test("two lines embed it, and fetch only what runs", async () => {
    const report = await opened.page.evaluate(async (bytes) => {
      const { model } = window.embedded!;
      const [best] = await model.classify(new Uint8Array(bytes));
      return { label: best!.label, device: model.device };
    }, digit.bytes);
    expect(report.label).toBe(String(digit.digit));
    expect(report.device.device).toMatch(/^(webgpu|wasm-relaxed-simd)$/);
    expect(report.device.reason).toMatch(/faster than|as fast as/);
    const fetched = opened.requests.filter((url) => url.endsWith(".wasm"));
    expect(fetched).toHaveLength(2);
    expect(fetched.join()).not.toMatch(/train|inspect/);
  });

  for (const where of ["page", "worker"] as const) {
    for (const device of ["wasm", "webgpu"] as const) {
      test(`logits of ${device}, deepshift/${where}`, async () => {
        const { logits, ran } = await opened.page.evaluate(
          async ({ where, device, bytes }) => {
            const model = await window.embedded![where].load("/mnist-conv.dshift", { device });
            const logits = Array.from(await model.run(new Uint8Array(bytes)));
            const ran = model.device.device;
            model.dispose();
            return { logits, ran };
          },
          { where, device, bytes: digit.bytes },
        );
        expect(ran).toBe(device === "wasm" ? "wasm-relaxed-simd" : "webgpu");
        expect(logits).toEqual(digit.integer);
      });
    }
  }

  test("the application's own module worker", async () => {
    const { logits, device } = await opened.page.evaluate(
      (bytes) => window.embedded!.runInOwnWorker("wasm", bytes),
      digit.bytes,
    );
    expect(device).toBe("wasm-relaxed-simd");
    expect(logits).toEqual(digit.integer);
  });

  test("what a file holds", async () => {
    const layers = await opened.page.evaluate(async () => {
      const embedded = window.embedded!;
      const reports = [];
      for (const { inspect } of [await embedded.inspection(), embedded.worker]) reports.push(await inspect("/mnist-conv.dshift"));
      return reports.map(({ layers }) => layers.length);
    });
    expect(layers).toEqual([11, 11]);
  });

  test("training, on the page and in a worker", async () => {
    const steps = await opened.page.evaluate(async (bytes) => {
      const images = new Uint8Array([...bytes, ...bytes]);
      const part = { images, labels: new Uint8Array([7, 7]) };
      const settings = { architecture: "simple_linear", batch_size: 2, epochs: 1 } as const;
      const embedded = window.embedded!;
      const steps = [];
      for (const { createTraining } of [await embedded.train(), embedded.worker]) {
        const training = await createTraining(settings, { train: part, test: part });
        steps.push((await training.step()).step);
        training.dispose();
      }
      return steps;
    }, digit.bytes);
    expect(steps).toEqual([1, 1]);
  });

  test("nothing was complained about", () => {
    expect(opened.errors).toEqual([]);
  });
}

describe("Vite", () => {
  let folder: string;

  beforeAll(() => {
    folder = projects.create("vite", ["page", "ssr"], [ours("vite")]);
  });

  describe("dev", () => pageTests(() => serveWithVite(folder)));

  describe("build", () => {
    pageTests(async () => {
      run(folder, "vite/bin/vite.js", "build");
      return serveWithVite(folder, "preview");
    });

    test("emits every wasm file once", () => {
      const emitted = readdirSync(join(folder, "dist/assets")).filter((name) => name.endsWith(".wasm"));
      expect(emitted).toHaveLength(MODULES.length);
    });
  });

  test("a server renders", () => {
    run(folder, "vite/bin/vite.js", "build", "--ssr", "render.js", "--outDir", "server");
    expect(rendered(join(folder, "server/render.js"))).toBe(RENDERED);
  });
});

describe("webpack", () => {
  let folder: string;

  beforeAll(() => {
    folder = projects.create("webpack", ["page", "webpack", "ssr"], [ours("webpack"), ours("webpack-cli")]);
  });

  pageTests(async () => {
    run(folder, "webpack/bin/webpack.js");
    return serveFolders([join(folder, "dist"), folder, join(folder, "public")]);
  });

  test("emits every wasm file once", () => {
    const emitted = readdirSync(join(folder, "dist")).filter((name) => name.endsWith(".wasm"));
    expect(emitted).toHaveLength(MODULES.length);
  });

  test("a server renders, the package bundled as Next does", () => {
    run(folder, "webpack/bin/webpack.js", "--config", "webpack.server.cjs");
    expect(rendered(join(folder, "server/render.mjs"))).toBe(RENDERED);
  });
});

describe("esbuild, with wasmUrl and a copy of the worker's script", () => {
  let folder: string;
  let served: Served;

  beforeAll(() => {
    folder = projects.create("esbuild", ["page", "esbuild"], [ours("esbuild")]);
  });

  afterAll(() => served?.close());

  pageTests(async () => {
    execFileSync(process.execPath, ["build.mjs"], { cwd: folder });
    served = await serveFolders([join(folder, "dist"), folder, join(folder, "public")]);
    return served;
  });

  test("who forgets wasmUrl is told about it", async () => {
    const { page } = await open(browser, served.url);
    const error = await page.evaluate(async () => {
      // A module of which no copy was started yet.
      const { inspect } = await window.embedded!.inspection();
      return inspect("/mnist-conv.dshift", { wasmUrl: undefined }).catch((error: unknown) => String(error));
    });
    await page.close();
    expect(error).toMatch(/FetchError: cannot fetch .*wasm\/inspect\/.*\.wasm: 404 Not Found; .*wasmUrl/);
  });
});

describe("without a bundler", () => {
  let folder: string;

  beforeAll(() => {
    folder = projects.create("plain", ["page", "plain", "node", "ssr", "types"], [ours("typescript")]);
  });

  pageTests(() => serveFolders([folder, join(folder, "public")]));

  for (const resolution of ["bundler", "nodenext"]) {
    test(`types, module resolution ${resolution}`, () => {
      const module = resolution === "bundler" ? "esnext" : resolution;
      const options = ["--strict", "--noEmit", "--target", "es2022", "--types", "", "--exactOptionalPropertyTypes"];
      run(folder, "typescript/bin/tsc", ...options, "--module", module, "--moduleResolution", resolution, "check.ts");
    });
  }

  test("Node runs it on the CPU", () => {
    const output = execFileSync(process.execPath, ["run.mjs", model], {
      cwd: folder,
      input: JSON.stringify(digit),
      encoding: "utf8",
    });
    const outcome = JSON.parse(output);
    expect(outcome.architecture).toBe("simple_conv");
    expect(outcome.classes).toEqual(["7", "7", "7"]);
    expect(outcome.logits).toEqual([digit.integer, digit.integer, digit.integer]);
    expect(outcome.device.device).toMatch(/^wasm-(simd128|relaxed-simd)$/);
    expect(outcome.device.reason).toBe("WebGPU cannot be used: there is no WebGPU here");
    expect(outcome.errors).toEqual(["unsupported", "unsupported", "fetch"]);
  });

  test("a server that takes the browser's files renders", () => {
    expect(rendered(join(folder, "render.js"))).toBe(RENDERED);
    for (const entry of ["index", "inspect", "train", "worker"]) {
      const file = join(folder, `node_modules/deepshift/dist/${entry}.js`);
      execFileSync(process.execPath, ["--input-type=module", "-e", `await import(${JSON.stringify(file)})`]);
    }
  });
});

const RENDERED = "<p>function function function function function</p>";

/** What the function `renderToString` of a module returns in a plain Node process. */
function rendered(file: string): string {
  const script = `console.log((await import(${JSON.stringify(file)})).renderToString())`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }).trim();
}
