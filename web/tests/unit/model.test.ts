import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { cpuAssets } from "../../src/assets.js";
import { type CpuBuild, bestBuild } from "../../src/features.js";
import { BadArgumentError, BadFileError, type Model, UnsupportedError, load } from "../../src/index-node.js";
import { inspect } from "../../src/inspect-node.js";
import { node } from "../../src/platform-node.js";
import { start } from "../../src/start.js";
import digit from "../package/digit.json" with { type: "json" };

const path = fileURLToPath(new URL("../../models/mnist-conv.dshift", import.meta.url));
const file = readFileSync(path);
const bytes = Uint8Array.from(digit.bytes);

/** The digit as a gray picture. */
const rgba = {
  data: Uint8Array.from(digit.bytes.flatMap((gray) => [gray, gray, gray, 255])),
  width: 28,
  height: 28,
};

async function using<T>(loading: Promise<Model>, call: (model: Model) => Promise<T>): Promise<T> {
  const model = await loading;
  try {
    return await call(model);
  } finally {
    model.dispose();
  }
}

describe("every build computes the reference's bits", () => {
  const builds: CpuBuild[] = ["scalar", "simd128", "relaxed-simd"];
  for (const build of builds.slice(0, builds.indexOf(bestBuild()) + 1)) {
    test(build, async () => {
      const { Network } = await start(cpuAssets[build], node);
      for (const kernel of ["dot", "shift", "naive-multiply"]) {
        const network = new Network(file, "integer", kernel);
        expect(network.device).toBe(`wasm-${build}`);
        expect(Array.from(network.run_pictures(bytes))).toEqual(digit.integer);
        network.free();
      }
    });
  }
});

test("float mode agrees with the reference", async () => {
  const logits = await using(load(file, { mode: "float" }), (model) => model.run(bytes));
  digit.float.forEach((expected, index) => expect(logits[index]).toBeCloseTo(expected, 3));
});

test("what the file holds", async () => {
  await using(load(path), async (model) => {
    expect(model.bytes).toBe(file.length);
    expect(model.info).toMatchObject({
      architecture: "simple_conv",
      input_shape: [1, 28, 28],
      parameters: 431_080,
    });
    expect(model.device).toEqual({
      device: `wasm-${bestBuild()}`,
      reason: "WebGPU cannot be used: there is no WebGPU here",
      mode: "integer",
      kernel: "dot",
    });
  });
});

test("what it costs to run", async () => {
  const report = await inspect(path);
  const { parameters, ...info } = await using(load(path), async (model) => model.info);
  expect(report).toMatchObject({
    ...info,
    totals: { file_bytes: file.length, parameters },
    float_mode: { multiplications: [] },
  });
  expect(report.layers.find((layer) => layer.name === "conv2")!.weight).toEqual({
    shape: [50, 20, 5, 5],
    coding: { kind: "shift", shift_type: "PS", bits: 5, terms: 1, channel_exponents: null },
  });
  expect(report.integer_mode!.nodes.length).toBeGreaterThan(3);
  await expect(inspect(file.subarray(0, 100))).rejects.toThrow(BadFileError);
});

test("pictures of any kind give the same answer", async () => {
  await using(load(file), async (model) => {
    expect(await model.run(rgba)).toEqual(Float32Array.from(digit.integer));
    const { data, shape } = await model.picture(rgba);
    expect(shape).toEqual([1, 28, 28]);
    expect(Array.from(data)).toEqual(digit.bytes);
    const [{ mean, std }] = [model.info.preprocessing!];
    const values = Float32Array.from(bytes, (byte) => (byte / 255 - mean[0]!) / std[0]!);
    expect(await model.run(values)).toEqual(Float32Array.from(digit.integer));
    const best = await model.classify(rgba, { top: 1 });
    expect(best).toEqual([{ index: 7, label: "7", probability: expect.closeTo(1, 4) }]);
    expect(await model.classify(bytes)).toHaveLength(5);
  });
});

test("a batch gives the logits of each", async () => {
  const both = Uint8Array.from([...new Uint8Array(784), ...bytes]);
  await using(load(file), async (model) => {
    const logits = await model.run(both);
    expect(logits).toHaveLength(20);
    expect(Array.from(logits.slice(10))).toEqual(digit.integer);
    await expect(model.classify(both)).rejects.toThrow("classify takes one input of 784 values, not 1568");
  });
});

test("each layer is timed", async () => {
  const times = await using(load(file), (model) => model.layerTimes(rgba));
  // Poolings are done with the layers before them.
  const names = ["input", "relu1", "relu2", "flatten", "relu3", "fc2"];
  expect(times.map((time) => time.name)).toEqual(names);
  expect(times.every((time) => time.milliseconds >= 0)).toBe(true);
});

test("calls in parallel do not disturb each other", async () => {
  await using(load(file), async (model) => {
    const all = await Promise.all(Array.from({ length: 20 }, () => model.run(bytes)));
    for (const logits of all) expect(Array.from(logits)).toEqual(digit.integer);
  });
});

test("a disposed model says so, and its memory is used again", async () => {
  const model = await load(file);
  model.dispose();
  model.dispose();
  for (const call of [model.run(bytes), model.classify(bytes), model.picture(rgba), model.layerTimes(bytes)]) {
    await expect(call).rejects.toThrow(new BadArgumentError("the model was disposed"));
  }
  const { default: init } = await start(cpuAssets[bestBuild()], node);
  // Exports have short names, so the memory is known by its kind alone.
  const memory = Object.values(await init()).find((value) => (value as unknown) instanceof WebAssembly.Memory) as WebAssembly.Memory;
  for (let loads = 0; loads < 3; loads += 1) await using(load(file), (again) => again.run(bytes));
  const before = memory.buffer.byteLength;
  for (let loads = 0; loads < 10; loads += 1) await using(load(file), (again) => again.run(bytes));
  expect(memory.buffer.byteLength).toBe(before);
});

test.runIf(Symbol.dispose)("using disposes", async () => {
  const model = await load(file);
  model[Symbol.dispose]();
  await expect(model.run(bytes)).rejects.toBeInstanceOf(BadArgumentError);
});

test("wrong inputs are refused", async () => {
  await using(load(file), async (model) => {
    const wrong = [
      new Uint8Array(3),
      new Float32Array(785),
      new Uint8ClampedArray(784),
      { data: new Uint8Array(12), width: 2, height: 2 },
      { data: new Uint8Array(0), width: 0, height: 0 },
      "a.png",
      null,
    ];
    for (const input of wrong) await expect(model.run(input as never)).rejects.toBeInstanceOf(BadArgumentError);
    await expect(model.layerTimes(new Float32Array(784) as never)).rejects.toBeInstanceOf(BadArgumentError);
    await expect(model.run(new Blob(["x"]))).rejects.toBeInstanceOf(UnsupportedError);
    expect(Array.from(await model.run(bytes))).toEqual(digit.integer);
  });
});

test("wrong options and files are refused", async () => {
  const refused = [
    [{ device: "gpu" }, "bad-argument"],
    [{ mode: "double" }, "bad-argument"],
    [{ kernel: "fast" }, "bad-argument"],
    [{ mode: "float", kernel: "shift" }, "bad-argument"],
    [{ device: "webgpu" }, "unsupported"],
  ] as const;
  for (const [options, code] of refused) {
    await expect(load(file, options as never)).rejects.toMatchObject({ code });
  }
  await expect(load(file.subarray(0, 100))).rejects.toMatchObject({ code: "bad-file" });
});
