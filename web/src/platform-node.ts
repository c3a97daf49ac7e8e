import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import type { Platform } from "./platform.js";

/** What is no address is a path, and files are read from the disk. */
export const node: Platform = {
  resolve: (address) => (hasScheme.test(address) ? new URL(address) : pathToFileURL(address)),
  async request(url, signal) {
    if (url.protocol !== "file:") return fetch(url, signal ? { signal } : {});
    return new Response(await readFile(url, signal ? { signal } : {}));
  },
};

/** A single letter is a drive of Windows. */
const hasScheme = /^[a-z][a-z0-9+.-]+:/i;
