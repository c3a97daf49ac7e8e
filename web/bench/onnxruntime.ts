import type { InferenceSession } from "onnxruntime-web";
import { bytes, type Engine, type Task } from "./engine";

/** onnxruntime-web on wasm (one thread) or WebGPU, with the f32 or the 8-bit file. */
export async function onnxruntime(
  task: Task,
  device: "wasm" | "webgpu",
  precision: "f32" | "int8",
): Promise<Engine> {
  const ort = device === "wasm" ? await import("onnxruntime-web/wasm") : await import("onnxruntime-web/webgpu");
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  ort.env.wasm.wasmPaths = new URL("ort/", location.href).href;
  const session: InferenceSession = await ort.InferenceSession.create(await bytes(`${task.peers}.${precision}.onnx`), {
    executionProviders: [device],
    graphOptimizationLevel: "all",
  });
  const input = new ort.Tensor("float32", task.input, [1, ...task.shape]);
  const run = async () => {
    const { logits } = await session.run({ input });
    if (!logits) throw new Error("onnxruntime-web gave no logits");
    return (await logits.getData()) as Float32Array;
  };
  return {
    name: `onnxruntime-web ${device} ${precision}`,
    precision,
    run,
    dispose: () => void session.release(),
  };
}
