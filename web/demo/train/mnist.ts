/** MNIST, fetched once when training first needs it. */
import type { TrainingData } from "deepshift/worker";
import { download } from "../page/download.js";
import pack from "../generated/mnist.pack?url";

export const PIXELS = 28 * 28;
const TRAIN = 60_000;
export const TEST = 10_000;

let data: Promise<TrainingData> | undefined;

/** All 70,000 pictures. `progress` hears the fraction that has arrived. */
export function mnist(progress: (fraction: number) => void): Promise<TrainingData> {
  data ??= fetchMnist(progress).catch((error: unknown) => {
    data = undefined;
    throw error;
  });
  return data;
}

async function fetchMnist(progress: (fraction: number) => void): Promise<TrainingData> {
  const packed = await download(pack, (loaded, total) => progress(total ? loaded / total : 0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(unpacked).arrayBuffer());
  let at = 0;
  const take = (length: number) => bytes.subarray(at, (at += length));
  return {
    train: { images: take(TRAIN * PIXELS), labels: take(TRAIN) },
    test: { images: take(TEST * PIXELS), labels: take(TEST) },
  };
}
