/** Numbers as people read them. */

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${trim(count / 1e3)} kB`;
  return `${trim(count / 1e6)} MB`;
}

export function milliseconds(value: number): string {
  if (value >= 100) return `${Math.round(value)} ms`;
  return `${value.toPrecision(2)} ms`;
}

export function count(value: number): string {
  if (value >= 1e6) return `${trim(value / 1e6)} M`;
  return Math.round(value).toLocaleString("en-US");
}

/** Energy, from microjoules. */
export function joules(micro: number): string {
  return micro >= 1000 ? `${trim(micro / 1000)} mJ` : `${trim(micro)} µJ`;
}

export function percent(fraction: number, digits = 0): string {
  const text = (100 * fraction).toFixed(digits);
  return `${Number(text) === 100 ? "100" : text} %`;
}

export function times(ratio: number): string {
  return `${ratio >= 10 ? Math.round(ratio) : ratio.toFixed(1)}×`;
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes} min ${String(Math.round(seconds - 60 * minutes)).padStart(2, "0")} s`;
}

function trim(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(value >= 10 ? 1 : 2);
}
