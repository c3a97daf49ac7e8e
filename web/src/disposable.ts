/** Older engines have no `Symbol.dispose`. */
export function makeDisposable(object: { dispose(): void }): void {
  if (!Symbol.dispose) return;
  Object.defineProperty(object, Symbol.dispose, { value: () => object.dispose() });
}
