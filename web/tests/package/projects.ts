import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const web = fileURLToPath(new URL("../../", import.meta.url));
const fixtures = fileURLToPath(new URL("./fixtures/", import.meta.url));

/** The model that is shipped. */
export const model = join(web, "models/mnist-conv.dshift");

/** Fresh projects that install the packed package. */
export class Projects {
  readonly #folder = mkdtempSync(join(tmpdir(), "deepshift-package-"));
  readonly #tarball: string;

  constructor() {
    const packed = npm(web, "pack", "--json", "--ignore-scripts", "--pack-destination", this.#folder);
    const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
    this.#tarball = join(this.#folder, filename);
  }

  /** A project of these fixtures with the package and `dependencies` installed. Returns its folder. */
  create(name: string, from: string[], dependencies: string[]): string {
    const folder = join(this.#folder, name);
    mkdirSync(join(folder, "public"), { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
    npm(folder, "install", "--prefer-offline", "--no-audit", "--no-fund", this.#tarball, ...dependencies);
    for (const fixture of from) cpSync(join(fixtures, fixture), folder, { recursive: true });
    cpSync(model, join(folder, "public/mnist-conv.dshift"));
    return folder;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The version that this repository itself uses. */
export function ours(name: string): string {
  const { version } = JSON.parse(readFileSync(join(web, "node_modules", name, "package.json"), "utf8"));
  return `${name}@${version}`;
}

/** Runs a program of a project. */
export function run(folder: string, program: string, ...args: string[]): string {
  return execFileSync(process.execPath, [join(folder, "node_modules", program), ...args], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: quiet(),
  });
}

function npm(folder: string, ...args: string[]): string {
  return execFileSync("npm", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env: quiet() });
}

/** Vitest's own environment would make bundlers believe that they are tested. */
function quiet(): NodeJS.ProcessEnv {
  const { NODE_ENV: _, VITEST: __, ...env } = process.env;
  return env;
}
