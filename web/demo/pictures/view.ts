/** Pictures: files, samples and the camera, read by the current network in a worker. */
import type { Model, PictureInput } from "deepshift";
import { SIDE } from "../draw/digit.js";
import { current, currentInWorker, entries, onChange, takesDigits } from "../networks.js";
import { announce } from "../page/announce.js";
import { byId, html, paintPlanes } from "../page/dom.js";
import { takeFile } from "../page/drop.js";
import { deviceName, showDevice } from "../page/network-bar.js";
import { failed } from "../page/notice.js";
import { currentView } from "../page/router.js";
import { bytes, milliseconds, percent } from "../page/text.js";
import { Camera, hasSeveral } from "./camera.js";
import { inkPicture } from "./ink.js";
import { showTop5 } from "./top5.js";

/** Longest side of what is shown, and of what digits are looked for in. */
const SHOWN_SIDE = 480;
const INK_SEARCH_SIDE = 224;
/** Runs whose median time is shown. */
const TIMED_RUNS = 5;

export class PicturesView {
  readonly #video = byId<HTMLVideoElement>("camera");
  readonly #camera = new Camera(this.#video);
  #picture: ImageBitmap | undefined;
  #times: number[] = [];
  #generation = 0;

  constructor() {
    const input = byId<HTMLInputElement>("file");
    byId("choose").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) void takeFile(file, (picture) => void this.show(picture));
      input.value = "";
    });
    byId("camera-toggle").addEventListener("click", () => void this.#toggleCamera());
    byId("camera-switch").addEventListener("click", () => void this.#switchCamera());
    onChange(() => {
      this.#generation++;
      this.#showSamples();
      this.#clearAnswer();
      if (currentView() === "pictures") void this.open();
    });
    this.#showSamples();
  }

  /** Loads the current network and reads what is shown. */
  async open(): Promise<void> {
    const generation = ++this.#generation;
    let model: Model;
    try {
      model = await currentInWorker();
    } catch (error) {
      if (generation === this.#generation) failed("The network could not be loaded", error);
      return;
    }
    if (generation !== this.#generation) return;
    this.#showNetwork(model);
    try {
      if (this.#picture) await this.#classifyStill(model, this.#picture);
      else if (!this.#camera.isOn) byId("samples").querySelector("button")?.click();
    } catch (error) {
      if (generation === this.#generation) failed("The picture could not be read", error);
    }
  }

  /** The view is left: nobody wants the camera to run on. */
  leave(): void {
    if (this.#camera.isOn) this.#stopCamera();
  }

  /** Shows a picture and what the network says of it. */
  async show(picture: Blob): Promise<void> {
    this.#stopCamera();
    const generation = ++this.#generation;
    try {
      const bitmap = await createImageBitmap(picture);
      this.#picture?.close();
      this.#picture = bitmap;
      drawContained(byId<HTMLCanvasElement>("shown"), bitmap);
      this.#reveal("shown");
      const model = await currentInWorker();
      if (generation === this.#generation) await this.#classifyStill(model, bitmap);
    } catch (error) {
      if (generation === this.#generation) failed("The picture could not be read", error);
    }
  }

  #reveal(id: "shown" | "camera" | "frame-empty"): void {
    for (const each of ["shown", "camera", "frame-empty"]) byId(each).hidden = each !== id;
  }

  #showSamples(): void {
    const samples = entries[current()]?.samples ?? [];
    const items = samples.map((url, index) => {
      const image = html("img", { src: url, alt: "", loading: "lazy" });
      const button = html("button", { type: "button", "aria-label": `Sample picture ${index + 1}` }, image);
      button.addEventListener("click", () => void this.#showSample(url, button));
      return html("li", {}, button);
    });
    byId("samples").replaceChildren(...items);
  }

  async #showSample(url: string, button: HTMLElement): Promise<void> {
    for (const each of byId("samples").querySelectorAll("button")) each.setAttribute("aria-pressed", String(each === button));
    // At once: another sample may come sooner, and the view opens with the first one where none was chosen.
    const generation = ++this.#generation;
    try {
      const picture = await (await fetch(url)).blob();
      if (generation === this.#generation) await this.show(picture);
    } catch (error) {
      failed("The sample could not be fetched", error);
    }
  }

  /** Nothing of another network stays in sight. */
  #clearAnswer(): void {
    byId("top5").replaceChildren();
    for (const id of ["picture-ms", "picture-device", "picture-bytes"]) byId(id).textContent = "–";
  }

  async #classifyStill(model: Model, picture: ImageBitmap): Promise<void> {
    this.#times = [];
    for (let run = 0; run < TIMED_RUNS; run++) await this.#classify(model, picture);
    const [best] = await this.#classify(model, picture);
    if (best) announce(`${best.label}, ${percent(best.probability)} sure`);
  }

  async #classify(model: Model, picture: ImageBitmap | HTMLVideoElement) {
    const input = inputFor(model, picture);
    const begin = performance.now();
    const classes = await model.classify(input, { top: 5 });
    this.#times = [...this.#times.slice(1 - 2 * TIMED_RUNS), performance.now() - begin];
    showTop5(byId("top5"), classes);
    byId("picture-ms").textContent = milliseconds(median(this.#times));
    this.#showNetwork(model);
    await this.#showSeen(model, input);
    return classes;
  }

  async #showSeen(model: Model, input: PictureInput | Uint8Array): Promise<void> {
    const canvas = byId<HTMLCanvasElement>("picture-sees");
    if (input instanceof Uint8Array) return paintPlanes(canvas, input, [1, SIDE, SIDE]);
    const { data, shape } = await model.picture(input);
    paintPlanes(canvas, data, shape);
  }

  #showNetwork(model: Model): void {
    const { device, reason } = model.device;
    showDevice(model.device);
    byId("picture-device").textContent = `${deviceName(device)}: ${reason}`;
    const { architecture, parameters } = model.info;
    byId("picture-bytes").textContent =
      `${architecture}, ${bytes(model.bytes)} instead of ${bytes(4 * parameters)} as f32`;
  }

  async #toggleCamera(): Promise<void> {
    if (this.#camera.isOn) return this.#stopCamera();
    await this.#runCamera(() => this.#camera.start());
  }

  async #switchCamera(): Promise<void> {
    await this.#runCamera(() => this.#camera.switch());
  }

  #stopCamera(): void {
    if (!this.#camera.isOn) return;
    this.#camera.stop();
    byId("camera-toggle").setAttribute("aria-pressed", "false");
    byId("camera-switch").hidden = true;
    this.#reveal(this.#picture ? "shown" : "frame-empty");
  }

  async #runCamera(start: () => Promise<void>): Promise<void> {
    // What still loads must not take the camera's place.
    this.#generation++;
    try {
      await start();
      byId("camera-toggle").setAttribute("aria-pressed", "true");
      byId("camera-switch").hidden = !(await hasSeveral());
      this.#reveal("camera");
      this.#times = [];
      await this.#watch();
    } catch (error) {
      this.#stopCamera();
      failed("The camera cannot be used", error);
    }
  }

  /** Reads frame after frame, as fast as the network and the screen go. */
  async #watch(): Promise<void> {
    const generation = ++this.#generation;
    while (this.#camera.isOn && generation === this.#generation) {
      const model = await currentInWorker();
      if (this.#video.videoWidth > 0) await this.#classify(model, this.#video);
      await new Promise(requestAnimationFrame);
    }
  }
}

/** Networks for single digits get the ink, cut out and centred, unless the picture already is one of theirs. */
function inputFor(model: Model, picture: ImageBitmap | HTMLVideoElement): PictureInput | Uint8Array {
  const [width, height] = sizeOf(picture);
  if (!takesDigits(model.info) || (width === SIDE && height === SIDE)) return picture;
  const scale = Math.min(1, INK_SEARCH_SIDE / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const pixels = context?.getImageData(0, 0, canvas.width, canvas.height);
  return (pixels && inkPicture(pixels)) ?? picture;
}

const sizeOf = (picture: ImageBitmap | HTMLVideoElement): [number, number] =>
  picture instanceof HTMLVideoElement ? [picture.videoWidth, picture.videoHeight] : [picture.width, picture.height];

function drawContained(canvas: HTMLCanvasElement, picture: ImageBitmap): void {
  const scale = Math.min(1, SHOWN_SIDE / Math.max(picture.width, picture.height));
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.toggleAttribute("data-small", Math.max(picture.width, picture.height) < 100);
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
