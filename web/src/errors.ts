/** What went wrong, by who is at fault. */
export type ErrorCode = "bad-file" | "bad-argument" | "limit" | "unsupported" | "device-lost" | "fetch";

/** Every error of this package; `code` is meant for programs, `message` for people. */
export class DeepshiftError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DeepshiftError";
    this.code = code;
  }
}

/** The file is damaged, or is no `.dshift` file. */
export class BadFileError extends DeepshiftError {
  constructor(message: string, options?: ErrorOptions) {
    super("bad-file", message, options);
    this.name = "BadFileError";
  }
}

/** The caller asked for something that does not fit. */
export class BadArgumentError extends DeepshiftError {
  constructor(message: string, options?: ErrorOptions) {
    super("bad-argument", message, options);
    this.name = "BadArgumentError";
  }
}

/** The model or input is larger than the device, or this package, can take. */
export class LimitError extends DeepshiftError {
  constructor(message: string, options?: ErrorOptions) {
    super("limit", message, options);
    this.name = "LimitError";
  }
}

/** This browser or machine lacks what is needed. */
export class UnsupportedError extends DeepshiftError {
  constructor(message: string, options?: ErrorOptions) {
    super("unsupported", message, options);
    this.name = "UnsupportedError";
  }
}

/** The GPU went away, and did not come back. */
export class DeviceLostError extends DeepshiftError {
  constructor(message: string, options?: ErrorOptions) {
    super("device-lost", message, options);
    this.name = "DeviceLostError";
  }
}

/** A download failed. */
export class FetchError extends DeepshiftError {
  /** What was to be fetched. */
  readonly url: string;
  /** The HTTP status; none where no answer came. */
  readonly status: number | undefined;

  constructor(message: string, url: string, status?: number, options?: ErrorOptions) {
    super("fetch", message, options);
    this.name = "FetchError";
    this.url = url;
    this.status = status;
  }
}
