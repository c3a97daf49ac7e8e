/** The builds of the CPU module; wasm has no run-time dispatch. */
export type CpuBuild = "scalar" | "simd128" | "relaxed-simd";

/** The fastest build that this engine can run. */
export function bestBuild(): CpuBuild {
  if (canRun(relaxedDot)) return "relaxed-simd";
  return canRun(splat) ? "simd128" : "scalar";
}

/** i32.const 0, i8x16.splat */
const vector = [0x41, 0x00, 0xfd, 0x0f];
/** drop */
const drop = 0x1a;
const splat = [...vector, drop];
/** Two vectors, i16x8.relaxed_dot_i8x16_i7x16_s */
const relaxedDot = [...vector, ...vector, 0xfd, 0x92, 0x02, drop];

/** Whether the engine takes a function with these instructions. */
function canRun(instructions: number[]): boolean {
  const body = [0x00, ...instructions, 0x0b];
  return WebAssembly.validate(
    new Uint8Array([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, [0x60, 0x00, 0x00]),
      ...section(3, [0x00]),
      ...section(10, [body.length, ...body]),
    ]),
  );
}

/** A section with one entry. */
function section(id: number, entry: number[]): number[] {
  return [id, entry.length + 1, 1, ...entry];
}
