/** Serves the built site as GitHub Pages does: under a sub-path, without special headers, 404 for what is missing. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";

const TYPES: Record<string, string> = {
  ".css": "text/css",
  ".dshift": "application/octet-stream",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".pack": "application/octet-stream",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** Beside the site there is the npm package as it is published, for tests that call it. */
const MOUNTS: [prefix: string, folder: URL][] = [
  ["/deepshift/package/", new URL("../../", import.meta.url)],
  ["/deepshift/", new URL("../../site/", import.meta.url)],
];

export interface Site {
  /** With a slash at its end. */
  url: string;
  close(): Promise<void>;
}

export async function serveSite(): Promise<Site> {
  const server = createServer((request, response) => {
    void answer(new URL(request.url ?? "/", "http://localhost").pathname).then(({ status, type, body }) => {
      response.writeHead(status, { "content-type": type, "content-length": body.length });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/deepshift/`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function answer(path: string): Promise<{ status: number; type: string; body: Buffer }> {
  const mount = MOUNTS.find(([prefix]) => path.startsWith(prefix));
  const missing = { status: 404, type: "text/plain", body: Buffer.from("not found") };
  if (!mount) return missing;
  const name = path.slice(mount[0].length) || "index.html";
  try {
    return { status: 200, type: TYPES[extname(name)] ?? "text/plain", body: await readFile(new URL(name, mount[1])) };
  } catch {
    return missing;
  }
}
