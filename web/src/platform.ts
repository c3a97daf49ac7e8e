/** The one thing that differs between browsers and Node: where bytes come from. */
export interface Platform {
  /** The address that a caller means. */
  resolve(address: string): URL;
  /** An answer, whatever its status; rejects where none came. */
  request(url: URL, signal?: AbortSignal): Promise<Response>;
}

/** Addresses are relative to the page, or in a worker to its script. */
export const browser: Platform = {
  resolve: (address) => new URL(address, globalThis.document?.baseURI ?? globalThis.location?.href),
  request: (url, signal) => fetch(url, signal ? { signal } : {}),
};
