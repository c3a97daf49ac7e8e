import { ownArrays } from "./inputs.js";
import { finish, isLoading, notAPicture } from "./pictures.js";
import type { ModelInput } from "./types.js";

interface Postable {
  value: Exclude<ModelInput, HTMLElement | OffscreenCanvas>;
  transfer: Transferable[];
}

/**
 * An input as it can be posted: what belongs to the caller is posted before this returns, as a copy; what only this thread
 * can draw becomes a bitmap, which is posted when it is made.
 */
export function postWith<T>(input: ModelInput, post: (postable: Postable) => Promise<T>): Promise<T> {
  if (!isElement(input) && !isOffscreenCanvas(input)) return post({ value: ownArrays(input), transfer: [] });
  return drawn(input).then((bitmap) => post({ value: bitmap, transfer: [bitmap] }));
}

async function drawn(input: HTMLImageElement | HTMLCanvasElement | HTMLVideoElement | OffscreenCanvas) {
  if (isLoading(input)) await finish(input);
  return createImageBitmap(input).catch(notAPicture);
}

function isElement(input: ModelInput): input is HTMLImageElement | HTMLCanvasElement | HTMLVideoElement {
  return typeof HTMLElement !== "undefined" && input instanceof HTMLElement;
}

function isOffscreenCanvas(input: ModelInput): input is OffscreenCanvas {
  return typeof OffscreenCanvas !== "undefined" && input instanceof OffscreenCanvas;
}
