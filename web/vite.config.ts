import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Fetched when they are first used, because not everybody trains or looks at photographs. */
const LATE = /mnist-.*\.pack$|deepshift_wasm_train.*\.wasm$|(efficientnet|squeezenet|cifar10).*\.dshift$/;

/** `scripts/demo` serves a first site before the training module is built: the page says so, and works only while it is served. */
const trainingComesLater = process.env["VITE_TRAINING"] === "later";
const unbuilt = { find: /^\.\/train-asset\.js$/, replacement: here("demo/train/later-asset.ts") };
const page = here("../index.html");
const entries = { page, "service-worker": here("demo/offline/worker/service-worker.ts") };

/** Gives the service worker the list of the site's files and a version that changes with them. */
function offline(): Plugin {
  return {
    name: "deepshift-offline",
    apply: "build",
    // After the page itself is among the files.
    enforce: "post",
    generateBundle(_, bundle) {
      const worker = bundle["service-worker.js"];
      if (worker?.type !== "chunk") throw new Error("the service worker was not built");
      const files = Object.keys(bundle).filter((file) => file !== worker.fileName && !LATE.test(file));
      const hash = createHash("sha256");
      for (const file of files.sort()) {
        const output = bundle[file];
        hash.update(file).update(output?.type === "chunk" ? output.code : (output?.source ?? ""));
      }
      const site = { version: hash.digest("hex").slice(0, 12), files: ["./", "icon.svg", "manifest.webmanifest", ...files] };
      worker.code = `const SITE = ${JSON.stringify(site)};\n${worker.code}`;
    },
  };
}

export default defineConfig({
  root: here(".."),
  base: "./",
  // A missing file is an error, not the page once more.
  appType: "mpa",
  cacheDir: here("node_modules/.vite"),
  publicDir: here("demo/public"),
  plugins: trainingComesLater ? [] : [offline()],
  resolve: {
    alias: [
      { find: /^deepshift\/worker$/, replacement: here("src/worker.ts") },
      { find: /^deepshift\/train$/, replacement: here("src/train.ts") },
      { find: /^deepshift$/, replacement: here("src/index.ts") },
      ...(trainingComesLater ? [unbuilt] : []),
    ],
  },
  // Nothing is inlined: the page's policy allows no data addresses but pictures.
  build: {
    outDir: here("site"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: trainingComesLater ? { page } : entries,
      output: {
        entryFileNames: ({ name }) => (name === "service-worker" ? "service-worker.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  worker: { format: "es" },
  server: { watch: { ignored: ["**/target/**", "**/crates/**", "**/.git/**", "**/site/**", "**/screenshots/**"] } },
});
