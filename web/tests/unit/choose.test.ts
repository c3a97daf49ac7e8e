import { expect, test, vi } from "vitest";
import { choose } from "../../src/choose.js";
import { BadArgumentError, BadFileError, LimitError, UnsupportedError } from "../../src/errors.js";
import { Fakes, devices, inFakeTime, request, wasmError } from "./fakes.js";

const noWebgpu = new UnsupportedError("there is no WebGPU here");

test("the faster device is taken, and the other freed", async () => {
  for (const [wasm, webgpu, taken, other] of [
    [6, 24, "wasm", "WebGPU"],
    [24, 6, "webgpu", "wasm"],
  ] as const) {
    const fakes = new Fakes();
    const available = devices(
      fakes.device("wasm", [{ milliseconds: wasm }]),
      fakes.device("webgpu", [{ milliseconds: webgpu }]),
    );
    const { network, report } = await inFakeTime(() => choose(request("auto"), available));
    expect(report.device).toBe(taken);
    expect(report.reason).toBe(`4.0x faster than ${other} on this model`);
    expect(report.milliseconds).toEqual({ wasm, webgpu });
    expect([...fakes.alive]).toEqual([network]);
  }
});

test("it says why there is no WebGPU, and measures nothing", async () => {
  for (const failure of [noWebgpu, new LimitError("a buffer of 3 GB: at most 1 GB")]) {
    const fakes = new Fakes();
    const available = devices(fakes.device("wasm", [{ milliseconds: 1e6 }]), fakes.device("webgpu", [failure]));
    const { report } = await choose(request("auto"), available);
    expect(report).toMatchObject({ device: "wasm", reason: `WebGPU cannot be used: ${failure.message}` });
    expect(report.milliseconds).toBeUndefined();
  }
});

test("a WebGPU that fails when it runs is not taken", async () => {
  const fakes = new Fakes();
  const lost = wasmError("device-lost", "the device is lost");
  const available = devices(fakes.device("wasm", [{}]), fakes.device("webgpu", [{ fails: { 2: lost } }]));
  const { network, report } = await choose(request("auto"), available);
  expect(report.reason).toBe("WebGPU cannot be used: the device is lost");
  expect([...fakes.alive]).toEqual([network]);
});

test("nobody waits for a WebGPU that stands still", async () => {
  const fakes = new Fakes();
  const available = devices(fakes.device("wasm", [{}]), fakes.device("webgpu", [{ milliseconds: 300 }]));
  const { network, report } = await inFakeTime(async () => {
    const chosen = await choose(request("auto"), available, 100);
    // Its run ends later, and then it is freed.
    await vi.waitUntil(() => fakes.alive.size === 1, { timeout: 1000 });
    return chosen;
  });
  expect(report.reason).toBe("WebGPU cannot be used: it gave no answer in 0.1 s");
  expect([...fakes.alive]).toEqual([network]);
});

test("WebGPU is taken where wasm fails", async () => {
  const fakes = new Fakes();
  const available = devices(fakes.device("wasm", [new LimitError("no memory")]), fakes.device("webgpu", [{}]));
  expect((await choose(request("auto"), available)).report).toMatchObject({
    device: "webgpu",
    reason: "wasm cannot be used: no memory",
  });
});

test("nothing stands in for a device that was asked for", async () => {
  const fakes = new Fakes();
  const available = devices(fakes.device("wasm", [{}]), fakes.device("webgpu", [noWebgpu]));
  await expect(choose(request("webgpu"), available)).rejects.toBe(noWebgpu);
  expect((await choose(request("wasm"), available)).report.reason).toBe("asked for");
});

test("the caller's faults are not the device's", async () => {
  for (const fault of [new BadFileError("cut"), new BadArgumentError("no integer network")]) {
    const fakes = new Fakes();
    const available = devices(fakes.device("wasm", [fault]), fakes.device("webgpu", [{}]));
    await expect(choose(request("auto"), available)).rejects.toBe(fault);
    expect(fakes.made).toBe(0);
  }
});

test("an abort frees what was made", async () => {
  const fakes = new Fakes();
  const controller = new AbortController();
  const available = devices(fakes.device("wasm", [{}]), fakes.device("webgpu", [{}]));
  const choosing = choose(request("auto", controller.signal), available);
  controller.abort(new Error("enough"));
  await expect(choosing).rejects.toThrow("enough");
  expect(fakes.alive.size).toBe(0);
});
