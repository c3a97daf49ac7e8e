import { expect, test } from "vitest";
import { ownArrays } from "../../src/inputs.js";

test("arrays that posting would share or clone too much of become arrays of their own", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  shared.set([1, 2, 3, 4]);
  const part = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
  for (const array of [shared, part]) {
    const own = ownArrays(array);
    expect(own).toEqual(array);
    expect(own.buffer).toBeInstanceOf(ArrayBuffer);
    expect(own.byteLength).toBe(own.buffer.byteLength);
  }
  const whole = new Float32Array([1, 2]);
  expect(ownArrays(whole)).toBe(whole);
});

test("arrays within plain objects too, and nothing else is touched", () => {
  const data = new Uint8Array([1, 2, 3, 4, 5]).subarray(1);
  const { picture, other } = ownArrays({ picture: { data, width: 1, height: 1 }, other: new Date(0) });
  expect(picture).toEqual({ data, width: 1, height: 1 });
  expect(picture.data.buffer.byteLength).toBe(4);
  expect(other).toEqual(new Date(0));
  expect(ownArrays(null)).toBe(null);
});
