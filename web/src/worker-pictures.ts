import { finish, isLoading, notAPicture } from "./pictures.js";
import type { ModelInput } from "./types.js";

interface Postable {
  value: Exclude<ModelInput, HTMLElement | OffscreenCanvas>;
  transfer: Transferable[];
}

/** An input as it can be posted: what belongs to the caller is copied, what only this thread can draw becomes a bitmap. */
export async function postable(input: ModelInput): Promise<Postable> {
  if (isElement(input) || isOffscreenCanvas(input)) {
    if (isLoading(input)) await finish(input);
    const bitmap = await createImageBitmap(input).catch(notAPicture);
    return { value: bitmap, transfer: [bitmap] };
  }
  return { value: ArrayBuffer.isView(input) ? input.slice() : input, transfer: [] };
}

function isElement(input: ModelInput): input is HTMLImageElement | HTMLCanvasElement | HTMLVideoElement {
  return typeof HTMLElement !== "undefined" && input instanceof HTMLElement;
}

function isOffscreenCanvas(input: ModelInput): input is OffscreenCanvas {
  return typeof OffscreenCanvas !== "undefined" && input instanceof OffscreenCanvas;
}
