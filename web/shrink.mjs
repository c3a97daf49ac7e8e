// Makes a module that wasm-bindgen wrote smaller, with its glue: node shrink.mjs FOLDER NAME [PASS_TO_SKIP]...
// NAME_bg.wasm must still have its functions' names.
import binaryen from "binaryen";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { minifySync } from "vite";

const [folder, name, ...skipped] = process.argv.slice(2);
const [wasm, glue] = [`${folder}/${name}_bg.wasm`, `${folder}/${name}.js`];

/** What a panic ends in. It prints nothing in a browser, so the trap alone does as well. */
const PANIC = /panicking::|slice_error_fail|_fail\b|unwrap_failed|expect_failed|handle_alloc|capacity_overflow|handle_error/;

function withoutPanics(bytes) {
  const module = binaryen.readBinary(bytes);
  for (let index = 0; index < module.getNumFunctions(); index++) {
    const found = module.getFunctionByIndex(index);
    const { name, module: imported } = binaryen.getFunctionInfo(found);
    if (!imported && PANIC.test(name)) binaryen.Function.setBody(found, module.unreachable());
  }
  return module.emitBinary();
}

/** Returns the short names that imports and exports were given. */
function optimize() {
  const program = fileURLToPath(new URL("node_modules/binaryen/bin/wasm-opt", import.meta.url));
  const skips = skipped.map((pass) => `--skip-pass=${pass}`);
  const options = ["-Oz", ...skips, "--minify-imports-and-exports-and-modules", wasm, "-o", wasm];
  return JSON.parse(execFileSync(process.execPath, [program, ...options], { encoding: "utf8" }));
}

function renamed(code, { imports, exports }) {
  const inner = new Map(imports.map(([, name, short]) => [name, short]));
  const outer = new Map(exports.map(([name, short]) => [`wasm.${name}`, `wasm.${short}`]));
  return code
    .replaceAll(`"./${name}_bg.js"`, '"a"')
    .replace(/\b__wb[\w$]+(?=: function)/g, (found) => inner.get(found) ?? found)
    .replace(/\bwasm\.[\w$]+/g, (found) => outer.get(found) ?? found);
}

writeFileSync(wasm, withoutPanics(readFileSync(wasm)));
const names = optimize();
writeFileSync(glue, minifySync(glue, renamed(readFileSync(glue, "utf8"), names), { module: true }).code);
