import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { load } from "../../src/index-node.js";
import { BadArgumentError, type Training, createTraining } from "../../src/train-node.js";
import digit from "../package/digit.json" with { type: "json" };

const settings = {
  architecture: "simple_linear",
  optimizer: "adam",
  learning_rate: 0.003,
  batch_size: 4,
  epochs: 2,
  seed: 3,
} as const;

/** The digit and its mirror image, as classes 7 and 3, n times. */
function pictures(n: number) {
  const rows = Array.from({ length: 28 }, (_, row) => digit.bytes.slice(28 * row, 28 * (row + 1)));
  const both = [...digit.bytes, ...rows.flatMap((row) => [...row].reverse())];
  return {
    images: Uint8Array.from({ length: n * both.length }, (_, index) => both[index % both.length]!),
    labels: Uint8Array.from({ length: 2 * n }, (_, index) => (index % 2 === 0 ? 7 : 3)),
  };
}

const data = { train: pictures(40), test: pictures(2) };

async function epoch(training: Training): Promise<number[]> {
  const losses: number[] = [];
  for (let complete = false; !complete; ) {
    const step = await training.step();
    losses.push(step.loss);
    complete = step.epoch_complete;
  }
  const { loss, correct, pictures } = await training.test(0, 10);
  await training.finishEpoch(loss / pictures, correct / pictures, 1, 1);
  return losses;
}

/** The default that the comment of each setting names. */
function documentedDefaults(): Record<string, unknown> {
  const source = readFileSync(new URL("../../src/train-types.ts", import.meta.url), "utf8");
  const fields = source.slice(source.indexOf("interface TrainSettings {"), source.indexOf("interface LabelledPictures"));
  const documented = fields.matchAll(/\/\*\*([^]*?)\*\/\s*(\w+)\?:/g);
  return Object.fromEntries(
    [...documented].flatMap(([, comment, name]) => {
      const [, value] = /default `?("\w+"|[\d.]*\d)/i.exec(comment!) ?? [];
      return value === undefined ? [] : [[name!, JSON.parse(value)]];
    }),
  );
}

describe("training", () => {
  test("has the defaults that its documentation names", async () => {
    const documented = documentedDefaults();
    // The rate's default is told in words.
    const named = ["architecture", "shift_type", "weight_bits", "optimizer", "schedule", "momentum", "weight_decay", "batch_size", "epochs", "seed"];
    expect(Object.keys(documented)).toEqual(named);
    // A checkpoint holds the settings.
    const checkpoint = async (settings: object) => {
      const training = await createTraining(settings, data);
      const bytes = await training.checkpoint();
      training.dispose();
      return Buffer.from(bytes);
    };
    const expected = await checkpoint({});
    expect((await checkpoint(documented)).equals(expected)).toBe(true);
    expect((await checkpoint({ optimizer: "radam" })).equals(expected)).toBe(false);
  });

  test("learns, tells, stops and goes on to the same bits, and exports what it learned", async () => {
    const training = await createTraining(settings, data);
    expect(await training.position()).toMatchObject({ epoch: 0, batch: 0, batches: 20, step: 0, finished: false });
    const losses = await epoch(training);
    expect(losses).toHaveLength(20);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    expect(await training.history()).toMatchObject([{ test_top1: expect.any(Number), test_top5: null }]);

    const resumed = await createTraining(settings, data, { checkpoint: await training.checkpoint() });
    expect(await epoch(resumed)).toEqual(await epoch(training));
    expect(await training.position()).toMatchObject({ epoch: 2, finished: true });
    await expect(training.step()).rejects.toBeInstanceOf(BadArgumentError);
    await training.setEpochs(3);
    expect((await training.step()).epoch).toBe(2);

    const report = await training.test(0, 4);
    expect(report).toMatchObject({ correct: 4, pictures: 4, predictions: [7, 3, 7, 3] });
    expect(report.probabilities).toHaveLength(4);
    const [first] = await training.exponents();
    expect(first!.k.reduce((sum, count) => sum + count, first!.zeros)).toBe(512 * 784);
    expect((await training.filters()).shape).toEqual([512, 1, 28, 28]);

    const file = await training.exportModel(80);
    const model = await load(file);
    expect(model.device.mode).toBe("integer");
    expect((await model.classify(Uint8Array.from(digit.bytes)))[0]!.label).toBe("7");
    model.dispose();
    const tuned = await createTraining({ epochs: 1, batch_size: 4 }, data, { from: file });
    expect((await tuned.step()).loss).toBeLessThan(losses[0]!);
    for (const each of [training, resumed, tuned]) each.dispose();
    await expect(training.step()).rejects.toThrow("the training was disposed");
  });

  test("reads what it is given at the call", async () => {
    const loss = async (begin: () => Promise<Training>) => {
      const training = await begin();
      const { loss } = await training.step();
      const file = await training.exportModel(4);
      const checkpoint = await training.checkpoint();
      training.dispose();
      return { loss, file: Buffer.from(file), checkpoint: Buffer.from(checkpoint) };
    };
    // Element by element, megabytes take minutes to compare.
    const expectSame = (one: Awaited<ReturnType<typeof loss>>, other: Awaited<ReturnType<typeof loss>>) => {
      expect(one.loss).toBe(other.loss);
      // A checkpoint's parts have no order, the same network gives the same file.
      expect(one.file.equals(other.file)).toBe(true);
    };
    const expected = await loss(() => createTraining(settings, data));
    const reused = { train: pictures(40), test: pictures(2) };
    const overwritten = (options?: Parameters<typeof createTraining>[2]) => {
      const asked = createTraining(settings, reused, options);
      for (const { images, labels } of [reused.train, reused.test]) (images.fill(0), labels.fill(0));
      for (const bytes of [options?.from, options?.checkpoint]) bytes?.fill(0);
      return asked;
    };
    expectSame(await loss(() => overwritten()), expected);
    for (const option of ["from", "checkpoint"] as const) {
      const bytes = option === "from" ? expected.file : expected.checkpoint;
      const again = await loss(() => createTraining(settings, data, { [option]: new Uint8Array(bytes) }));
      Object.assign(reused, { train: pictures(40), test: pictures(2) });
      expectSame(await loss(() => overwritten({ [option]: new Uint8Array(bytes) })), again);
    }
  });

  test("refuses what does not fit", async () => {
    const refused = [
      createTraining({ ...settings, batch_size: 0 }, data),
      createTraining({ ...settings, typo: 1 } as never, data),
      createTraining(settings, { ...data, train: { images: new Uint8Array(5), labels: new Uint8Array(1) } }),
      createTraining(settings, data, { from: new Uint8Array(1), checkpoint: new Uint8Array(1) }),
      createTraining(settings, undefined as never),
      createTraining(settings, { train: data.train } as never),
      createTraining(settings, { ...data, train: { ...data.train, labels: [...data.train.labels] as never } }),
      createTraining(settings, { ...data, train: { ...data.train, images: new Float64Array(784 * 80) as never } }),
      createTraining(settings, data, { from: "model.dshift" as never }),
    ];
    for (const each of refused) await expect(each).rejects.toMatchObject({ code: "bad-argument" });
    const broken = createTraining(settings, data, { from: new Uint8Array(9) });
    await expect(broken).rejects.toMatchObject({ code: "bad-file" });
    const aborted = createTraining(settings, data, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
  });
});
