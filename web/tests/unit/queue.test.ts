import { expect, test } from "vitest";
import { BadArgumentError } from "../../src/errors.js";
import { Queue } from "../../src/queue.js";

test("jobs run one after the other, also after a failure", async () => {
  const queue = new Queue("it");
  const log: string[] = [];
  const job = (name: string, fails = false) =>
    queue.add(async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 2));
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([job("a", true), job("b"), job("c")]);
  expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  expect(results.map((result) => result.status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
});

test("closing lets the job in progress end, then frees once", async () => {
  const queue = new Queue("it");
  const log: string[] = [];
  let begun = () => {};
  const running = new Promise<void>((resolve) => (begun = resolve));
  const first = queue.add(async () => {
    begun();
    await new Promise((resolve) => setTimeout(resolve, 2));
    log.push("ended");
  });
  const second = queue.add(async () => log.push("never"));
  await running;
  queue.close(() => log.push("freed"));
  queue.close(() => log.push("freed again"));
  await first;
  await expect(second).rejects.toThrow(new BadArgumentError("it was disposed"));
  await expect(queue.add(async () => {})).rejects.toBeInstanceOf(BadArgumentError);
  expect(log).toEqual(["ended", "freed"]);
});
