import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgpu";
import { bytes, type Engine, type Task } from "./engine";

interface Stored {
  offset: number;
  shape: number[];
}

/** One operation of `scripts/bench/models.py`. */
interface Operation {
  type: string;
  name: string;
  inputs: string[];
  strides?: [number, number];
  pads?: [number, number, number, number];
  kernel_shape?: [number, number];
  dilations?: [number, number];
  group?: number;
  weight?: Stored;
  bias?: Stored;
}

interface Description {
  input: string;
  input_shape: [number, number, number];
  operations: Operation[];
}

type Pairs = [[number, number], [number, number], [number, number], [number, number]];

/** TensorFlow.js on wasm (one thread) or WebGPU: convolutions fused with bias and ReLU, as its own converter does. */
export async function tensorflow(task: Task, device: "wasm" | "webgpu"): Promise<Engine> {
  setThreadsCount(1);
  setWasmPaths(new URL("tfjs/", location.href).href);
  if (!(await tf.setBackend(device))) throw new Error(`TensorFlow.js has no ${device} here`);
  await tf.ready();
  const description = JSON.parse(
    new TextDecoder().decode(await bytes(`${task.peers}.tfjs.json`)),
  ) as Description;
  const weights = new Float32Array((await bytes(`${task.peers}.tfjs.bin`)).buffer);
  const network = new Network(description, weights);
  const [channels, height, width] = task.shape;
  const input = tf.tidy(() => tf.tensor4d(task.input, [1, channels, height, width]).transpose<tf.Tensor4D>([0, 2, 3, 1]));
  const run = async () => {
    // Other engines use another backend between two rounds.
    await tf.setBackend(device);
    const logits = tf.tidy(() => network.run(input));
    const values = (await logits.data()) as Float32Array;
    logits.dispose();
    return values;
  };
  return { name: `tfjs ${device} f32`, precision: "f32", run, dispose: () => network.dispose() };
}

class Network {
  private readonly tensors = new Map<string, tf.Tensor>();
  /** Operations whose only user is a ReLU that is fused into them. */
  private readonly fused = new Map<string, string>();

  constructor(
    private readonly description: Description,
    weights: Float32Array,
  ) {
    for (const operation of description.operations) {
      for (const [kind, stored] of [
        ["weight", operation.weight],
        ["bias", operation.bias],
      ] as const) {
        if (!stored) continue;
        const length = stored.shape.reduce((product, size) => product * size, 1);
        const values = weights.subarray(stored.offset, stored.offset + length);
        this.tensors.set(`${operation.name}:${kind}`, tf.tensor(values.slice(), stored.shape));
      }
    }
    for (const relu of description.operations.filter(({ type }) => type === "Relu")) {
      const [source] = relu.inputs;
      const users = description.operations.filter(({ inputs }) => inputs.includes(source!));
      const producer = description.operations.find(({ name }) => name === source);
      if (users.length === 1 && (producer?.type === "Conv" || producer?.type === "Gemm")) {
        this.fused.set(producer.name, relu.name);
      }
    }
  }

  run(input: tf.Tensor4D): tf.Tensor {
    const values = new Map<string, tf.Tensor>([[this.description.input, input]]);
    let last: tf.Tensor = input;
    for (const operation of this.description.operations) {
      if (values.has(operation.name)) continue;
      last = this.compute(operation, operation.inputs.map((name) => values.get(name)!));
      values.set(operation.name, last);
      const relu = this.fused.get(operation.name);
      if (relu) values.set(relu, last);
    }
    return last;
  }

  dispose(): void {
    for (const tensor of this.tensors.values()) tensor.dispose();
  }

  private compute(operation: Operation, [x, y]: tf.Tensor[]): tf.Tensor {
    if (!x) throw new Error(`${operation.name} has no operand`);
    switch (operation.type) {
      case "Conv":
        return this.conv(operation, x as tf.Tensor4D);
      case "Gemm":
        return tf.fused.matMul({
          a: x as tf.Tensor2D,
          b: this.parameter(operation, "weight") as tf.Tensor2D,
          bias: this.tensors.get(`${operation.name}:bias`),
          activation: this.fused.has(operation.name) ? "relu" : "linear",
        });
      case "Relu":
        return tf.relu(x);
      case "Add":
        return tf.add(x, y!);
      case "MaxPool":
        return tf.maxPool(x as tf.Tensor4D, operation.kernel_shape!, operation.strides!, operation.pads?.[0] ?? 0);
      case "GlobalAveragePool":
        return tf.mean(x, [1, 2], true);
      case "Flatten":
        // Channels first, as the weights after it expect.
        return tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [1, -1]);
      case "Identity":
        return tf.identity(x);
      default:
        throw new Error(`no TensorFlow.js operation for ${operation.type}`);
    }
  }

  private conv(operation: Operation, x: tf.Tensor4D): tf.Tensor {
    const [top, left, bottom, right] = operation.pads ?? [0, 0, 0, 0];
    const pad: Pairs = [[0, 0], [top, bottom], [left, right], [0, 0]];
    const configuration = {
      x,
      filter: this.parameter(operation, "weight") as tf.Tensor4D,
      strides: operation.strides!,
      pad,
      dilations: operation.dilations,
      bias: this.tensors.get(`${operation.name}:bias`),
      activation: this.fused.has(operation.name) ? ("relu" as const) : ("linear" as const),
    };
    return (operation.group ?? 1) > 1
      ? tf.fused.depthwiseConv2d(configuration)
      : tf.fused.conv2d(configuration);
  }

  private parameter(operation: Operation, kind: string): tf.Tensor {
    const tensor = this.tensors.get(`${operation.name}:${kind}`);
    if (!tensor) throw new Error(`${operation.name} has no ${kind}`);
    return tensor;
  }
}
