import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { cpuAssets } from "../../src/assets.js";
import { type CpuBuild, bestBuild } from "../../src/features.js";
import { BadArgumentError, BadFileError, LimitError, type Model, type ModelInput, UnsupportedError, load } from "../../src/index-node.js";
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
        const network = new Network(file, "integer", kernel, undefined);
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
    await expect(model.classify(both)).rejects.toThrow("this takes one input of 784 values, [1,28,28], not 1568");
  });
});

test("each layer is timed", async () => {
  const times = await using(load(file), (model) => model.layerTimes(rgba));
  // Poolings are done with the layers before them.
  const names = ["input", "relu1", "relu2", "flatten", "relu3", "fc2"];
  expect(times.map((time) => time.name)).toEqual(names);
  expect(times.every((time) => time.milliseconds >= 0)).toBe(true);
});

test("an input is read at the call: one buffer can be used again and again", async () => {
  const digits = [bytes, bytes.slice().reverse(), new Uint8Array(784)];
  const gray = (digit: Uint8Array) => [...digit].flatMap((byte) => [byte, byte, byte, 255]);
  await using(load(file), async (model) => {
    const { mean, std } = model.info.preprocessing!;
    const values = (digit: Uint8Array) => [...digit].map((byte) => (byte / 255 - mean[0]!) / std[0]!);
    const pixels = { data: new Uint8Array(4 * 784), width: 28, height: 28 };
    const reused: [ArrayLike<number> & { set(content: ArrayLike<number>): void }, ModelInput, (digit: Uint8Array) => ArrayLike<number>][] = [];
    const add = <T extends Uint8Array | Float32Array>(buffer: T, input: ModelInput, content: (digit: Uint8Array) => ArrayLike<number>) =>
      reused.push([buffer, input, content]);
    for (const buffer of [new Uint8Array(784), Buffer.alloc(784), new Uint8Array(new SharedArrayBuffer(784))]) {
      add(buffer, buffer, (digit) => digit);
    }
    const floats = new Float32Array(784);
    add(floats, floats, values);
    add(pixels.data, pixels, gray);
    const calls = ["run", "classify", "picture"] as const;
    for (const call of calls) {
      for (const [buffer, input, content] of reused) {
        if (call === "picture" && input !== pixels) continue;
        const expected = [];
        for (const digit of digits) {
          buffer.set(content(digit));
          expected.push(await model[call](input as never));
        }
        const asked = digits.map((digit) => {
          buffer.set(content(digit));
          return model[call](input as never) as Promise<unknown>;
        });
        buffer.set(content(new Uint8Array(784).fill(77)));
        expect(await Promise.all(asked)).toEqual(expected);
        expect(new Set(expected.map((answer) => JSON.stringify(answer))).size).toBe(3);
      }
    }
  });
});

test("a buffer can be transferred as soon as a call returns", async () => {
  await using(load(file), async (model) => {
    const own = bytes.slice();
    const [logits, times] = [model.run(own), model.layerTimes(own)];
    structuredClone(own, { transfer: [own.buffer] });
    expect(own).toHaveLength(0);
    expect(Array.from(await logits)).toEqual(digit.integer);
    expect(await times).toHaveLength(6);
    await expect(model.run(own)).rejects.toThrow(/an array cannot be read: .*detached/);
    await expect(load(own)).rejects.toThrow(/an array cannot be read: .*detached/);
  });
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

test("wrong inputs are refused, and what was expected is said", async () => {
  await using(load(file), async (model) => {
    const noInput = (what: string) => `an input is a picture, a Float32Array, or a Uint8Array, not ${what}`;
    const wrong: [unknown, string][] = [
      [new Uint8Array(3), "this takes a multiple of 784 values, [1,28,28], not 3"],
      [new Uint8Array(0), "this takes a multiple of 784 values, [1,28,28], not 0"],
      [new Float32Array(785), "this takes a multiple of 784 values, [1,28,28], not 785"],
      [new Float32Array(0), "this takes a multiple of 784 values, [1,28,28], not 0"],
      [{ data: new Uint8Array(12), width: 2, height: 2 }, "pixels are 4 bytes each: 12 do not fill 2 x 2"],
      [{ data: new Uint8Array(0), width: 0, height: 0 }, "pixels are 4 bytes each: 0 do not fill 0 x 0"],
      [{ data: new Uint8Array(12), width: 1.5, height: 2 }, "pixels are 4 bytes each: 12 do not fill 1.5 x 2"],
      [{ data: [0, 0, 0, 0], width: 1, height: 1 }, "pixels are rows of R, G, B, A in a Uint8Array, not Array"],
      [new Uint8ClampedArray(784), noInput("Uint8ClampedArray")],
      [new Float64Array(784), noInput("Float64Array")],
      [new ArrayBuffer(784), noInput("ArrayBuffer")],
      [new DataView(new ArrayBuffer(784)), noInput("DataView")],
      [[...bytes], noInput("Array")],
      [[], noInput("Array")],
      [{}, noInput("Object")],
      [Object.create(null), noInput("object")],
      ["a.png", noInput("string")],
      [7, noInput("number")],
      [Symbol("input"), noInput("symbol")],
      [() => {}, noInput("Function")],
      [null, noInput("null")],
      [undefined, noInput("undefined")],
    ];
    for (const [input, message] of wrong) {
      await expect(model.run(input as never)).rejects.toThrow(new BadArgumentError(message));
      await expect(model.classify(input as never)).rejects.toBeInstanceOf(BadArgumentError);
      await expect(model.picture(input as never)).rejects.toBeInstanceOf(BadArgumentError);
      await expect(model.layerTimes(input as never)).rejects.toBeInstanceOf(BadArgumentError);
    }
    await expect(model.layerTimes(new Float32Array(784) as never)).rejects.toBeInstanceOf(BadArgumentError);
    await expect(model.run(new Blob(["x"]))).rejects.toBeInstanceOf(UnsupportedError);
    expect(Array.from(await model.run(bytes))).toEqual(digit.integer);
  });
});

test("the number of answers is a whole number from 1 on", async () => {
  await using(load(file), async (model) => {
    for (const top of [0, -1, 1.5, NaN, Infinity, "3", null, 2n, [1]] as never[]) {
      await expect(model.classify(bytes, { top })).rejects.toThrow(
        new BadArgumentError(`top is ${String(top)} instead of a whole number from 1 on`),
      );
    }
    expect(await model.classify(bytes, { top: 1 })).toHaveLength(1);
    expect(await model.classify(bytes, { top: 1000 })).toHaveLength(10);
    expect(await model.classify(bytes, { top: undefined as never })).toHaveLength(5);
  });
});

test("a model that takes more operations than allowed is refused before it runs", async () => {
  for (const device of ["auto", "wasm"] as const) {
    const error = (await load(file, { device, maxOperations: 1000 }).catch((error: unknown) => error)) as LimitError;
    expect(error).toBeInstanceOf(LimitError);
    expect(error.message).toMatch(/\b1000\b/);
    const operations = Math.max(...error.message.match(/\d+/g)!.map(Number));
    await expect(load(file, { device, maxOperations: operations - 1 })).rejects.toBeInstanceOf(LimitError);
    await using(load(file, { device, maxOperations: operations }), (model) => model.run(bytes));
    await using(load(file, { device, maxOperations: Infinity }), (model) => model.run(bytes));
  }
});

test("a small file that would take years is refused unless that is allowed", async () => {
  for (const device of ["auto", "wasm"] as const) {
    const refused = load(endless(), { device });
    await expect(refused).rejects.toBeInstanceOf(LimitError);
    await expect(refused).rejects.toThrow(String(2 ** 37));
  }
  const allowed = await load(endless(), { device: "wasm", maxOperations: Infinity });
  expect(allowed.info.architecture).toBe("endless");
  allowed.dispose();
});

/** A file of some hundred bytes: a pooling of windows of 4096 x 4096 pixels, one for each pixel. */
function endless(): Uint8Array {
  const side = 1 << 12;
  const pool = { kernel: [side, side], stride: [1, 1], padding: [side / 2, side / 2] };
  const nodes = [
    { name: "input", op: { input: [1, side, side] }, inputs: [] },
    { name: "pool", op: { max_pool: pool }, inputs: [0] },
    { name: "mean", op: { adaptive_avg_pool: [1, 1] }, inputs: [1] },
    { name: "flatten", op: "flatten", inputs: [2] },
  ];
  const graph = { name: "endless", nodes, outputs: [3], head: "logits" };
  const header = Buffer.from(JSON.stringify({ provenance: { license: "", origin: "" }, graph, tensors: [] }));
  const file = Buffer.alloc(24 + header.length + 4);
  file.write("dshift\r\n");
  file.writeUInt32LE(1, 8);
  file.writeUInt32LE(header.length, 12);
  header.copy(file, 24);
  file.writeUInt32LE(crc32(file.subarray(0, -4)), 24 + header.length);
  return file;
}

test("wrong options and files are refused", async () => {
  const refused = [
    [{ device: "gpu" }, "bad-argument"],
    [{ mode: "double" }, "bad-argument"],
    [{ kernel: "fast" }, "bad-argument"],
    [{ maxOperations: 0 }, "bad-argument"],
    [{ maxOperations: NaN }, "bad-argument"],
    [{ maxOperations: "9" }, "bad-argument"],
    [{ maxOperations: 9n }, "bad-argument"],
    [{ mode: "float", kernel: "shift" }, "bad-argument"],
    [{ device: "webgpu" }, "unsupported"],
  ] as const;
  for (const [options, code] of refused) {
    await expect(load(file, options as never)).rejects.toMatchObject({ code });
  }
  await expect(load(file.subarray(0, 100))).rejects.toMatchObject({ code: "bad-file" });
});
