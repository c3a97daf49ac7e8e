import { expect, test } from "vitest";
import { Engine } from "../../src/engine.js";
import { BadArgumentError, DeviceLostError, LimitError, UnsupportedError } from "../../src/errors.js";
import type { Network } from "../../src/network.js";
import { type Behaviour, Fakes, devices, inFakeTime, request, wasmError } from "./fakes.js";

const lost = wasmError("device-lost", "the GPU was reset");
const run = (network: Network) => network.run_pictures(new Uint8Array(4));

/** An engine on WebGPU; `auto` finds wasm too slow, and gets another wasm network later. */
async function engine(device: "auto" | "webgpu", webgpu: (Behaviour | Error)[]) {
  const fakes = new Fakes();
  const wasm = fakes.device("wasm", [{ milliseconds: 40 }, { milliseconds: 2 }]);
  const available = devices(wasm, fakes.device("webgpu", webgpu));
  const started = await inFakeTime(() => Engine.start(request(device), available));
  expect(started.report.device).toBe("webgpu");
  return { fakes, started };
}

test("a lost device is made anew, and the run done again", async () => {
  const { fakes, started } = await engine("webgpu", [{ fails: { 1: lost } }, { milliseconds: 3 }]);
  await started.use(run);
  expect(await started.use(run)).toEqual(Float32Array.of(3));
  expect(started.report).toMatchObject({ device: "webgpu", reason: "asked for" });
  expect(fakes.alive.size).toBe(1);
  started.free();
  expect(fakes.alive.size).toBe(0);
});

test("a device that is lost later is made anew again", async () => {
  const { started } = await engine("webgpu", [{ fails: { 0: lost } }, { fails: { 1: lost } }, { milliseconds: 4 }]);
  await started.use(run);
  expect(await started.use(run)).toEqual(Float32Array.of(4));
});

test("what does not come back is an error where WebGPU was asked for", async () => {
  const gone = new UnsupportedError("WebGPU finds no GPU adapter");
  const { started } = await engine("webgpu", [{ fails: { 0: lost } }, gone]);
  const error = await started.use(run).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(DeviceLostError);
  expect(error).toMatchObject({ message: `the GPU was reset; no new device: ${gone.message}` });
});

test("a second loss in a run is an error where WebGPU was asked for", async () => {
  const { fakes, started } = await engine("webgpu", [{ fails: { 0: lost } }, { fails: { 0: lost } }, {}]);
  await expect(started.use(run)).rejects.toBeInstanceOf(DeviceLostError);
  expect(fakes.made).toBe(2);
});

test("auto goes on with wasm and says so", async () => {
  // Long enough for a sample each, so that measuring takes 22 runs at most.
  const fails = (failure: unknown): Behaviour => ({ milliseconds: 6, fails: { 25: failure } });
  const behaviours: (Behaviour | Error)[][] = [
    [fails(lost), { fails: { 0: lost } }],
    [fails(lost), new UnsupportedError("WebGPU finds no GPU adapter")],
    [fails(wasmError("limit", "out of memory"))],
    [fails(new WebAssembly.RuntimeError("unreachable"))],
  ];
  for (const behaviour of behaviours) {
    const { fakes, started } = await engine("auto", behaviour);
    for (let runs = 0; runs < 28; runs += 1) await started.use(run);
    expect(await started.use(run)).toEqual(Float32Array.of(2));
    expect(started.report.device).toBe("wasm");
    expect(started.report.reason).toMatch(/^WebGPU was given up: (the GPU was reset|out of memory|unreachable)/);
    expect(fakes.alive.size).toBe(1);
  }
});

test("other errors are passed on as classes", async () => {
  const { started } = await engine("webgpu", [
    { fails: { 0: wasmError("bad-argument", "3 bytes"), 1: wasmError("limit", "too large") } },
  ]);
  await expect(started.use(run)).rejects.toEqual(new BadArgumentError("3 bytes"));
  await expect(started.use(run)).rejects.toBeInstanceOf(LimitError);
  await started.use(run);
});
