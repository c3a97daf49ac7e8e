import { expect, test } from "vitest";
import { measure } from "../../src/measure.js";

/** A call that takes so long by a clock which ticks every `tick` milliseconds. Within the first 90 ms it takes three times as long. */
function clock(milliseconds: number, tick: number) {
  let time = 0;
  let calls = 0;
  return {
    call: () => {
      time += milliseconds * (time < 90 ? 3 : 1);
      calls += 1;
    },
    now: () => Math.floor(time / tick) * tick,
    calls: () => calls,
  };
}

test("short calls are timed together, by coarse clocks too", async () => {
  const { call, now } = clock(0.03, 1);
  const measured = await measure(call, now);
  expect(measured).toBeGreaterThan(0.02);
  expect(measured).toBeLessThan(0.04);
});

test("long calls are not repeated more than needed", async () => {
  const { call, now, calls } = clock(3_000, 0.1);
  expect(await measure(call, now)).toBeCloseTo(3_000, 0);
  expect(calls()).toBe(2);
});

test("outliers do not count", async () => {
  let time = 0;
  let calls = 0;
  const call = () => {
    time += calls++ === 12 ? 300 : 10;
  };
  expect(await measure(call, () => time)).toBe(10);
});
