// The wasm module as a browser has it, in Node: `scripts/build/wasm train`, then `node --test crates/deepshift-wasm-train/tests/browser.test.mjs`.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const modules = new URL("../../../web/wasm/", import.meta.url);
const pictures = 640;

async function loadModule(folder, name) {
  const module = await import(new URL(`${folder}/${name}.js`, modules));
  const bytes = await readFile(new URL(`${folder}/${name}_bg.wasm`, modules));
  const { memory } = await module.default({ module_or_path: bytes });
  return { ...module, memory };
}

const { Training, memory } = await loadModule("train", "deepshift_wasm_train");

// Bright bars whose row tells the class, as in native.rs.
function bars() {
  const images = new Uint8Array(pictures * 784);
  const labels = new Uint8Array(pictures);
  for (let index = 0; index < pictures; index++) {
    labels[index] = (index * 7) % 10;
    const start = index * 784 + labels[index] * 56 + 28 + (index % 9);
    images.fill(200 + (index % 50), start, start + 20);
  }
  return [images, labels, images, labels];
}

function training(settings) {
  return new Training(JSON.stringify(settings), ...bars());
}

function steps(run, count) {
  return Array.from({ length: count }, () => {
    const step = JSON.parse(run.step());
    if (step.epoch_complete) run.finish_epoch(0.5, 0.5, 1, 1);
    return step;
  });
}

function fails(code, work) {
  assert.throws(work, (error) => error instanceof Error && error.code === code && error.message !== "");
}

test("losses are those of native training", async () => {
  const runs = JSON.parse(await readFile(new URL("losses.json", import.meta.url), "utf8"));
  assert.ok(runs.length > 0);
  for (const { settings, losses } of runs) {
    const run = training(settings);
    for (const expected of losses) {
      const { loss } = JSON.parse(run.step());
      assert.ok(Math.abs(loss - expected) <= 1e-4 * expected, `${JSON.stringify(settings)}: ${loss}, not ${expected}`);
    }
    run.free();
  }
});

test("a run learns, tells where it is, and ends", () => {
  const run = training({ shift_type: "Q", optimizer: "adam", learning_rate: 0.003, epochs: 3 });
  const [first] = steps(run, 1);
  const { learning_rate, loss, top1, ...position } = first;
  assert.deepEqual(position, { epoch: 0, batch: 1, batches: 10, step: 1, epoch_complete: false, finished: false });
  assert.ok(learning_rate > 0 && loss > 0 && top1 >= 0);
  const rest = steps(run, 29);
  assert.ok(rest.at(-1).finished && rest[8].epoch_complete && !rest[8].finished);
  assert.ok(rest.at(-1).loss < 0.5 * loss, `from ${loss} to ${rest.at(-1).loss}`);
  fails("bad-argument", () => run.step());
  const history = JSON.parse(run.history());
  assert.equal(history.length, 3);
  assert.equal(history[0].test_top1, 50);
  run.set_epochs(4);
  assert.equal(steps(run, 1)[0].epoch, 3);
  run.free();
});

test("an epoch ends with finish_epoch and not before", () => {
  const run = training({ shift_type: "Q", epochs: 2 });
  fails("bad-argument", () => run.finish_epoch(1, 0.5, 1, 1));
  for (let batch = 0; batch < 10; batch++) run.step();
  assert.equal(JSON.parse(run.position()).epoch_complete, true);
  fails("bad-argument", () => run.step());
  run.free();
});

test("a checkpoint goes on with the same bits", () => {
  for (const settings of [{ shift_type: "PS" }, { architecture: "simple_linear", shift_type: "Q", optimizer: "adam" }]) {
    const run = training({ ...settings, epochs: 2 });
    steps(run, 7);
    const resumed = Training.resume(run.checkpoint(), ...bars());
    // Losses as f64 show every bit that the weights differ by.
    assert.deepEqual(steps(resumed, 8), steps(run, 8));
    assert.equal(resumed.test(0, pictures), run.test(0, pictures));
    assert.deepEqual(resumed.export_model(0), run.export_model(0));
    run.free();
    resumed.free();
  }
});

test("testing in parts is testing in one", () => {
  const run = training({ shift_type: "PS" });
  steps(run, 5);
  const whole = JSON.parse(run.test(0, 1000));
  assert.deepEqual([whole.pictures, whole.predictions.length, whole.probabilities.length], [640, 640, 640]);
  const parts = [0, 250, 500, 750].map((first) => JSON.parse(run.test(first, 250)));
  assert.deepEqual(parts.flatMap((part) => part.predictions), whole.predictions);
  assert.deepEqual(parts.map((part) => part.pictures), [250, 250, 140, 0]);
  const right = whole.predictions.filter((digit, index) => digit === (index * 7) % 10);
  assert.equal(right.length, whole.correct);
  const loss = whole.probabilities.reduce((sum, probability) => sum - Math.log(probability), 0);
  assert.ok(Math.abs(loss - whole.loss) < 1e-3 * whole.loss);
  run.free();
});

test("exponents and filters show the rounded weights", () => {
  const run = training({ shift_type: "PS", weight_bits: 4 });
  const layers = JSON.parse(run.exponents());
  assert.deepEqual(layers.map(({ layer }) => layer), ["conv1", "conv2", "fc1", "fc2"]);
  const sizes = [500, 25000, 400000, 5000];
  for (const [index, { k, zeros, negative }] of layers.entries()) {
    assert.equal(k.length, 7);
    const weights = k.reduce((sum, count) => sum + count, 0);
    assert.equal(weights + zeros, sizes[index]);
    assert.ok(negative > 0 && negative < weights);
  }
  const { shape, values } = JSON.parse(run.filters());
  assert.deepEqual(shape, [20, 1, 5, 5]);
  assert.ok(values.length === 500 && values.every((value) => value === 0 || Number.isInteger(Math.log2(Math.abs(value)))));
  run.free();
  const linear = training({ architecture: "simple_linear", shift_type: null });
  assert.deepEqual(JSON.parse(linear.exponents()), []);
  assert.deepEqual(JSON.parse(linear.filters()).shape, [512, 1, 28, 28]);
  linear.free();
});

test("the exported file runs elsewhere and can be trained on", async (t) => {
  const run = training({ shift_type: "Q", optimizer: "adam", learning_rate: 0.003, epochs: 3 });
  steps(run, 20);
  const file = run.export_model(100);
  const tested = JSON.parse(run.test(0, pictures));
  const tuned = Training.from_model(JSON.stringify({ learning_rate: 0.001 }), file, ...bars());
  // The same rounded weights.
  assert.deepEqual(JSON.parse(tuned.test(0, pictures)).predictions, tested.predictions);
  assert.deepEqual(tuned.filters(), run.filters());
  steps(tuned, 3);
  assert.notDeepEqual(tuned.filters(), run.filters());
  fails("bad-argument", () => Training.from_model(`{"architecture":"simple_linear"}`, file, ...bars()));
  fails("bad-file", () => Training.from_model("{}", file.subarray(0, 1000), ...bars()));
  assert.ok(file.length < 350_000 && run.export_model(0).length < file.length);
  await t.test("on the CPU executor", { skip: !existsSync(new URL("cpu-simd128", modules)) }, async () => {
    const { Network } = await loadModule("cpu-simd128", "deepshift_wasm");
    const [images] = bars();
    for (const mode of ["float", "integer"]) {
      const network = new Network(file, mode, "dot");
      const logits = network.run_pictures(images);
      const rows = Array.from({ length: pictures }, (_, index) => logits.subarray(index * 10, index * 10 + 10));
      const predictions = rows.map((row) => row.indexOf(Math.max(...row)));
      const differ = predictions.filter((digit, index) => digit !== tested.predictions[index]).length;
      assert.ok(differ <= (mode === "float" ? 0 : pictures / 50), `${mode}: ${differ} differ`);
      network.free();
    }
  });
  run.free();
  tuned.free();
});

test("what does not fit is refused with a code", () => {
  const [images, labels] = bars();
  const none = new Uint8Array();
  fails("bad-argument", () => training({ optimizer: "newton" }));
  fails("bad-argument", () => training({ weight_bits: 9 }));
  fails("bad-argument", () => training({ architecture: "resnet9" }));
  fails("bad-argument", () => new Training("{}", images.subarray(1), labels, images, labels));
  fails("bad-argument", () => new Training("{}", images, labels.map((label) => label + 5), images, labels));
  fails("bad-argument", () => new Training("{}", none, none, images, labels));
  fails("bad-file", () => Training.resume(images.subarray(0, 5000), images, labels, none, none));
  const run = new Training("{}", images, labels, none, none);
  assert.equal(JSON.parse(run.test(0, 10)).pictures, 0);
  const checkpoint = run.checkpoint();
  checkpoint[checkpoint.length - 100] ^= 1;
  fails("bad-file", () => Training.resume(checkpoint, images, labels, none, none));
  fails("bad-file", () => Training.resume(run.checkpoint(), images.subarray(784), labels.subarray(1), none, none));
  run.free();
});

test("memory does not grow with the steps", () => {
  const run = training({ architecture: "simple_linear", epochs: 1000 });
  steps(run, 100);
  const before = memory.buffer.byteLength;
  steps(run, 300);
  run.test(0, pictures);
  run.checkpoint();
  const after = memory.buffer.byteLength;
  steps(run, 100);
  run.test(0, pictures);
  run.checkpoint();
  assert.equal(memory.buffer.byteLength, after);
  assert.ok(after - before < 32 << 20, `${after - before} bytes more`);
  run.free();
});
