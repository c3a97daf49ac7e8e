import { load } from "deepshift";
import { bytes, type Engine, type Task } from "./engine";

type Kernel = "dot" | "shift" | "naive-multiply";

/** Our own network of one file, device and kernel family. */
export async function deepshift(
  task: Task,
  file: string,
  device: "wasm" | "webgpu",
  mode: "integer" | "float",
  kernel: Kernel,
): Promise<Engine> {
  const model = await load(await bytes(file), { device, mode, kernel });
  const bits = /(\d)bit/.exec(file)?.[1];
  return {
    name: `deepshift ${model.device.device} ${bits ? `${bits}-bit ` : ""}${mode} ${kernel}`,
    precision: mode === "float" ? "f32" : "int8",
    run: () => model.run(task.input),
    dispose: () => model.dispose(),
  };
}
