/**
 * What browsers may withhold, as where cookies are blocked: a feature can be missing, its very getter can throw, and so can
 * every call. Nothing here throws, so that the page works without it and forgets.
 */

/** What the browser gives, if it does. */
export function granted<T>(get: () => T | null | undefined): T | undefined {
  try {
    return get() ?? undefined;
  } catch {
    return undefined;
  }
}

/** What an earlier visit chose. */
export const recall = (key: string): string | undefined => granted(() => localStorage.getItem(key));

/** Keeps a choice for the next visit, where that is possible. */
export function remember(key: string, choice: string): void {
  granted(() => localStorage.setItem(key, choice));
}
