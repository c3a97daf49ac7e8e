// Makes a module that wasm-bindgen wrote smaller, with its glue: node shrink.mjs FOLDER NAME [HOT]
// NAME_bg.wasm must still have its functions' names. Those with HOT in their names are where the time goes.
import binaryen from "binaryen";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { minifySync } from "vite";

const [folder, name, hot] = process.argv.slice(2);
const [wasm, glue] = [`${folder}/${name}_bg.wasm`, `${folder}/${name}.js`];

/** What a panic ends in. It prints nothing in a browser, so the trap alone does as well. */
const PANIC = /panicking::|slice_error_fail|_fail\b|unwrap_failed|expect_failed|handle_alloc|capacity_overflow|handle_error/;

/** These make V8's code for loops slower. */
const SLOWING = ["optimize-instructions", "remove-unused-brs"];

/** Calls `change` with each function that is not imported. */
function changed(bytes, change) {
  const module = binaryen.readBinary(bytes);
  for (let index = 0; index < module.getNumFunctions(); index++) {
    const found = module.getFunctionByIndex(index);
    const { name, module: imported } = binaryen.getFunctionInfo(found);
    if (!imported) change(module, found, name);
  }
  return module.emitBinary();
}

function withoutPanics(module, found, name) {
  if (PANIC.test(name)) binaryen.Function.setBody(found, module.unreachable());
}

function shrinkCold(module, found, name) {
  if (!name.includes(hot)) module.runPassesOnFunction(found, [...SLOWING, "simplify-locals", "vacuum", "coalesce-locals"]);
}

function wasmOpt(...options) {
  const program = fileURLToPath(new URL("node_modules/binaryen/bin/wasm-opt", import.meta.url));
  return execFileSync(process.execPath, [program, ...options, wasm, "-o", wasm], { encoding: "utf8" });
}

function renamed(code, { imports, exports }) {
  const inner = new Map(imports.map(([, name, short]) => [name, short]));
  const outer = new Map(exports.map(([name, short]) => [`wasm.${name}`, `wasm.${short}`]));
  return code
    .replaceAll(`"./${name}_bg.js"`, '"a"')
    .replace(/\b__wb[\w$]+(?=: function)/g, (found) => inner.get(found) ?? found)
    .replace(/\bwasm\.[\w$]+/g, (found) => outer.get(found) ?? found);
}

binaryen.setOptimizeLevel(2);
binaryen.setShrinkLevel(2);
binaryen.setDebugInfo(true);
writeFileSync(wasm, changed(readFileSync(wasm), withoutPanics));
// An address and a small offset never wrap: the stack's megabyte lies lowest (Rust's --stack-first).
wasmOpt("-Oz", "--const-hoisting", "--low-memory-unused", "-g", ...(hot ? SLOWING.map((pass) => `--skip-pass=${pass}`) : []));
if (hot) writeFileSync(wasm, changed(readFileSync(wasm), shrinkCold));
const names = JSON.parse(wasmOpt("--strip-debug", "--minify-imports-and-exports-and-modules"));
writeFileSync(glue, minifySync(glue, renamed(readFileSync(glue, "utf8"), names), { module: true }).code);
