import { expect, test } from "vitest";
import { BadFileError, DeepshiftError, DeviceLostError, FetchError } from "../../src/errors.js";
import { fromPosted, toPosted } from "../../src/worker-protocol.js";

test("errors keep class, code and message on their way", () => {
  const errors = [
    new BadFileError("cut"),
    new DeviceLostError("gone"),
    new FetchError("404", "http://a/", 404),
    new FetchError("no answer", "http://a/"),
    new RangeError("other"),
    new DOMException("stop", "AbortError"),
  ];
  for (const error of errors) {
    const arrived = fromPosted(structuredClone(toPosted(error)));
    expect(arrived.message).toBe(error.message);
    expect(arrived.name).toBe(error.name);
    if (!(error instanceof DeepshiftError)) continue;
    expect(arrived).toBeInstanceOf(error.constructor);
    expect(arrived).toMatchObject({ ...error });
  }
});
