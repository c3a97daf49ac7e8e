import { address } from "./download.js";
import { BadArgumentError, UnsupportedError } from "./errors.js";
import { browser } from "./platform.js";
import { messageOf } from "./translate.js";
import type { DeviceReport, ModelSource, Progress } from "./types.js";
import { type Call, type FromWorker, type Start, fromPosted } from "./worker-protocol.js";

/** An option that names a folder relative to the page. */
export function postableUrl(wasmUrl: string | URL | undefined): { wasmUrl?: string } {
  return wasmUrl === undefined ? {} : { wasmUrl: address(browser, String(wasmUrl)).href };
}

/** Addresses are relative to the page, not to the worker's script. */
export function postableSource(source: ModelSource): ModelSource {
  if (typeof source === "string") return address(browser, source).href;
  return source instanceof URL ? source.href : source;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** What every answer may bring. */
export interface Listener {
  onDevice?: ((device: DeviceReport) => void) | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** A worker that holds one model or one training, and ends with it; or that tells what one file holds. */
export class Client {
  readonly #name: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listener: Listener;
  #asked = 0;
  /** Why it takes no more questions. */
  #closed: { reason: unknown } | undefined;

  /** The `name` is for errors. */
  constructor(name: string, listener: Listener) {
    if (!globalThis.Worker) throw new UnsupportedError("there are no workers here");
    this.#name = name;
    this.#listener = listener;
    this.#worker = new Worker(new URL("./worker-thread.js", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => this.#receive(data));
    this.#worker.addEventListener("error", (event) => {
      this.end(new UnsupportedError(`the worker failed: ${event.message || "its script did not load"}`));
    });
  }

  /** Asks the worker; its answers come in the order of the questions. */
  ask(message: Start | Call, transfer: Transferable[] = []): Promise<unknown> {
    if (this.#closed) return Promise.reject(this.#closed.reason);
    const id = (this.#asked += 1);
    try {
      this.#worker.postMessage({ id, ...message }, transfer);
    } catch (cause) {
      return Promise.reject(new BadArgumentError(`this cannot be sent to a worker: ${messageOf(cause)}`, { cause }));
    }
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** Ends the worker after the call in progress. */
  dispose(): void {
    if (this.#closed) return;
    this.#closed = { reason: new BadArgumentError(`${this.#name} was disposed`) };
    this.#worker.postMessage({ dispose: true });
    this.#endIfIdle();
  }

  #receive(message: FromWorker): void {
    if ("progress" in message) return this.#listener.onProgress?.(message.progress);
    if (message.device) this.#listener.onDevice?.(message.device);
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ("error" in message) waiting?.reject(fromPosted(message.error));
    else waiting?.resolve(message.value);
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#closed && this.#waiting.size === 0) this.#worker.terminate();
  }

  /** Ends the worker at once; what waits for it is rejected. */
  end(reason: unknown): void {
    this.#closed = { reason };
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}
