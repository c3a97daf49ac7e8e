import { expect, test } from "vitest";
import { cpuAssets } from "../../src/assets.js";
import { FetchError } from "../../src/errors.js";
import { bestBuild } from "../../src/features.js";
import { node } from "../../src/platform-node.js";
import type { Platform } from "../../src/platform.js";
import { start } from "../../src/start.js";

const asset = cpuAssets[bestBuild()];

/** Answers with `body`, and notes what was asked for. */
function answering(body: string, asked: string[]): Platform {
  return {
    resolve: (address) => new URL(address, "https://example.org/app/"),
    request: async (url) => {
      asked.push(url.href);
      return new Response(body, { headers: { "content-type": "text/html" } });
    },
  };
}

test("a folder of one's own is asked, a page instead of wasm is named, and the next attempt is a new one", async () => {
  const asked: string[] = [];
  const wrong = answering("<!doctype html>", asked);
  for (const folder of ["wasm", "wasm/", "/app/wasm?v=1", new URL("https://example.org/app/wasm/")]) {
    const error = await start(asset, wrong, folder).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(FetchError);
    expect((error as Error).message).toMatch(/_bg\.wasm \(text\/html\) is no usable wasm: /);
  }
  expect(new Set(asked)).toEqual(new Set([`https://example.org/app/wasm/${asset.path}`]));
  expect(asked).toHaveLength(4);
  const glue = await start(asset, node, new URL("../../wasm/", import.meta.url));
  expect(await start(asset, wrong)).toBe(glue);
});
