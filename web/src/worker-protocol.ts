import { DeepshiftError, type ErrorCode, FetchError } from "./errors.js";
import type { LoadOptions, ModelSource, DeviceReport, Model, Progress } from "./types.js";
import type { Training, TrainingData, TrainingOptions, TrainSettings } from "./train-types.js";
import { errorOf } from "./translate.js";

/** What can be posted: no functions, no signals. */
export type PostedLoadOptions = Omit<LoadOptions, "signal" | "onProgress">;
export type PostedInspectOptions = Pick<PostedLoadOptions, "wasmUrl">;
export type PostedTrainingOptions = Omit<TrainingOptions, "signal">;

/** Methods that return a promise. */
type Asynchronous<T> = {
  [K in keyof T]: T[K] extends (...args: never[]) => Promise<unknown> ? K : never;
}[keyof T];
export type ModelMethod = Asynchronous<Model>;
export type TrainingMethod = Asynchronous<Training>;

/** What the worker is there for: the first message. */
export type Start =
  | { start: "inspect"; source: ModelSource; options: PostedInspectOptions; progress: boolean }
  | { start: "load"; source: ModelSource; options: PostedLoadOptions; progress: boolean }
  | { start: "createTraining"; settings: TrainSettings; data: TrainingData; options: PostedTrainingOptions };

export interface Call {
  method: ModelMethod | TrainingMethod;
  args: unknown[];
}

export type Asked = { id: number } & (Start | Call);
export type ToWorker = Asked | { dispose: true };

export type FromWorker =
  | { id: number; value: unknown; device?: DeviceReport }
  | { id: number; error: PostedError; device?: DeviceReport }
  | { progress: Progress };

/** An error without its class, which cannot be posted. */
export interface PostedError {
  name: string;
  message: string;
  stack?: string;
  code?: ErrorCode;
  url?: string;
  status?: number;
}

export function toPosted(error: unknown): PostedError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack } = error;
  const posted: PostedError = { name, message };
  if (stack !== undefined) posted.stack = stack;
  if (error instanceof DeepshiftError) posted.code = error.code;
  if (error instanceof FetchError) {
    posted.url = error.url;
    if (error.status !== undefined) posted.status = error.status;
  }
  return posted;
}

export function fromPosted({ name, message, stack, code, url, status }: PostedError): Error {
  const error =
    code === "fetch" ? new FetchError(message, url ?? "", status) : (errorOf(code, message) ?? new Error(message));
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
