/** Says results to people who do not see them, once they have settled. */
import { byId } from "./dom.js";

const SETTLED_AFTER = 600;
let timer: ReturnType<typeof setTimeout> | undefined;

export function announce(text: string): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    byId("live").textContent = text;
  }, SETTLED_AFTER);
}
