import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bytesOf } from "../../src/download.js";
import { BadArgumentError, BadFileError, FetchError } from "../../src/errors.js";
import { node } from "../../src/platform-node.js";
import type { Progress } from "../../src/types.js";

const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
let address: string;

const server = createServer((request, response) => {
  if (request.url === "/missing") return response.writeHead(404).end();
  if (request.url === "/page") return response.writeHead(200, { "content-type": "text/html" }).end("\ufeff\n<!doctype html>");
  if (request.url === "/endless") return response.writeHead(200).write(bytes);
  if (request.url === "/cut") {
    return response.writeHead(200, { "content-length": 10 }).write("x", () => response.destroy());
  }
  if (request.url === "/gzip") {
    return response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(bytes));
  }
  return response.writeHead(200, { "content-length": bytes.length }).end(bytes);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Vitest takes seconds to compare long arrays. */
const equals = (expected: Uint8Array) => (actual: Uint8Array) => Buffer.compare(expected, actual) === 0;

test("the bytes arrive, and the progress of them", async () => {
  const progress: Progress[] = [];
  const arrived = await bytesOf(node, `${address}model`, { onProgress: (step) => progress.push(step) });
  expect(bytes).toSatisfy(equals(arrived));
  expect(progress.at(-1)).toEqual({ loaded: bytes.length, total: bytes.length });
  expect(progress.map((step) => step.loaded)).toEqual(progress.map((step) => step.loaded).sort((a, b) => a - b));
});

test("the total of a compressed answer is unknown", async () => {
  const progress: Progress[] = [];
  await bytesOf(node, new URL("gzip", address), { onProgress: (step) => progress.push(step) });
  expect(progress.at(-1)).toEqual({ loaded: bytes.length });
});

test("errors name address and status", async () => {
  const error = await bytesOf(node, `${address}missing`, {}).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(FetchError);
  expect(error).toMatchObject({ code: "fetch", status: 404, url: `${address}missing` });
  expect((error as Error).message).toBe(`cannot fetch ${address}missing: 404 Not Found`);
  for (const bad of [`${address}cut`, "http://127.0.0.1:1/", "no/such.dshift"]) {
    await expect(bytesOf(node, bad, {})).rejects.toMatchObject({ code: "fetch", status: undefined });
  }
});

test("a page where a model should be is named by its address", async () => {
  const message = `${address}page answers with a page of HTML, not with a .dshift file`;
  await expect(bytesOf(node, `${address}page`, {})).rejects.toThrow(new BadFileError(message));
});

test("an abort gives its reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const loading = bytesOf(node, `${address}endless`, {
    signal: controller.signal,
    onProgress: () => controller.abort(reason),
  });
  await expect(loading).rejects.toBe(reason);
  const fails = () => {
    throw reason;
  };
  await expect(bytesOf(node, `${address}endless`, { onProgress: fails })).rejects.toBe(reason);
  const aborted = bytesOf(node, `${address}endless`, { signal: AbortSignal.abort() });
  await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
});

test("bytes of any kind are copied", async () => {
  for (const source of [bytes, bytes.buffer, new Blob([bytes]), Buffer.from(bytes)]) {
    const copy = await bytesOf(node, source, {});
    expect(bytes).toSatisfy(equals(copy));
    expect(copy.buffer).not.toBe(bytes.buffer);
  }
  await expect(bytesOf(node, 7 as never, {})).rejects.toBeInstanceOf(BadArgumentError);
  await expect(bytesOf(node, "http://", {})).rejects.toThrow(new BadArgumentError('"http://" is no address here'));
});
