import { BadArgumentError, UnsupportedError } from "./errors.js";
import { copyOf, kindOf, refuse } from "./inputs.js";
import { messageOf } from "./translate.js";
import type { PictureInput, Rgba } from "./types.js";

/** Larger pictures are reduced by the browser, because phones have little memory for canvases. */
const MAX_PIXELS = 1 << 22;

/** The pixels of a picture, read before this returns, so that it may change; only one that still loads is read later. */
export async function pixels(input: PictureInput): Promise<Rgba> {
  if ("data" in input) return checked(input);
  if (input instanceof Blob) return decode(input);
  if (isLoading(input)) await finish(input);
  return draw(input);
}

export function isLoading(input: object): input is HTMLImageElement {
  return "naturalWidth" in input && "complete" in input && !input.complete;
}

/** Waits for a picture of the page. */
export async function finish(input: HTMLImageElement): Promise<void> {
  await input.decode().catch(notAPicture);
}

/** Everything that a canvas can draw. */
type Drawable = Exclude<PictureInput, ImageData | Rgba | Blob>;

function checked(input: Rgba): Rgba {
  const { data, width, height } = input;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new BadArgumentError(`pixels are rows of R, G, B, A in a Uint8Array, not ${kindOf(data)}`);
  }
  const isSize = Number.isInteger(width) && width > 0 && height > 0;
  if (isSize && data.length === 4 * width * height) {
    return { data: copyOf(data), width, height };
  }
  throw new BadArgumentError(`pixels are 4 bytes each: ${data.length} do not fill ${width} x ${height}`);
}

async function decode(blob: Blob): Promise<Rgba> {
  if (!globalThis.createImageBitmap) {
    throw new UnsupportedError("pictures are not decoded here: give { data, width, height }");
  }
  const bitmap = await createImageBitmap(blob).catch(notAPicture);
  try {
    return draw(bitmap);
  } finally {
    bitmap.close();
  }
}

export function notAPicture(cause: unknown): never {
  throw new BadArgumentError("the picture cannot be decoded", { cause });
}

function draw(input: Drawable): Rgba {
  const [fullWidth, fullHeight] = sizeOf(input);
  if (!(Number.isFinite(fullWidth) && Number.isFinite(fullHeight))) refuse(input);
  if (!(fullWidth > 0 && fullHeight > 0)) {
    throw new BadArgumentError(`a picture of ${fullWidth} x ${fullHeight} pixels: is it loaded?`);
  }
  const scale = Math.min(1, Math.sqrt(MAX_PIXELS / (fullWidth * fullHeight)));
  const width = Math.max(1, Math.floor(fullWidth * scale));
  const height = Math.max(1, Math.floor(fullHeight * scale));
  const context = (kept ??= newContext());
  const { canvas } = context;
  try {
    canvas.width = width;
    canvas.height = height;
    context.imageSmoothingQuality = "high";
    context.drawImage(input, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  } catch (cause) {
    throw new BadArgumentError(`the picture cannot be read: ${messageOf(cause)}`, { cause });
  } finally {
    canvas.width = canvas.height = 0;
  }
}

/** In pixels of the picture, not of the page. */
function sizeOf(input: Drawable): [number, number] {
  if ("naturalWidth" in input) return [input.naturalWidth, input.naturalHeight];
  if ("videoWidth" in input) return [input.videoWidth, input.videoHeight];
  if ("displayWidth" in input) return [input.displayWidth, input.displayHeight];
  return [input.width, input.height];
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Kept, because phones run short of canvases long before they are collected; its pixels are not. */
let kept: Context | undefined;

function newContext(): Context {
  const canvas = globalThis.OffscreenCanvas
    ? new OffscreenCanvas(1, 1)
    : globalThis.document?.createElement("canvas");
  const context = canvas?.getContext("2d", { willReadFrequently: true }) as Context | null | undefined;
  if (!context) throw new UnsupportedError("there is no canvas here: give { data, width, height }");
  return context;
}
