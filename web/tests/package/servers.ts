import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

/** A server that runs. */
export interface Served {
  url: string;
  close(): void;
}

const types: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/** Serves folders, the first that has a file. */
export async function serveFolders(folders: string[], headers: Record<string, string> = {}): Promise<Served> {
  const server: Server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname.replace(/\/$/, "/index.html");
    for (const folder of folders) {
      const bytes = await readFile(join(folder, path)).catch(() => undefined);
      if (!bytes) continue;
      const type = types[extname(path)] ?? "application/octet-stream";
      response.writeHead(200, { ...headers, "content-type": type, "content-length": bytes.length }).end(bytes);
      return;
    }
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://localhost:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}

/** Starts Vite's server in a project: `vite` or `vite preview`. */
export async function serveWithVite(folder: string, ...args: string[]): Promise<Served> {
  const vite = join(folder, "node_modules/vite/bin/vite.js");
  const { NODE_ENV: _, VITEST: __, ...env } = process.env;
  const child = spawn(process.execPath, [vite, ...args, "--host", "127.0.0.1"], {
    cwd: folder,
    env: { ...env, NO_COLOR: "1" },
  });
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    const listen = (part: Buffer) => {
      output += String(part);
      const address = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(output);
      if (address) resolve(`http://localhost:${address[1]}/`);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("exit", (code) => reject(new Error(`vite ended with ${code}: ${output}`)));
  });
  return { url: url.replace("localhost", "127.0.0.1"), close: () => void child.kill() };
}
