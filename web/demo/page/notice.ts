/** A line at the foot of the page for what went wrong or was done; it stays until it is closed or replaced. */
import { byId } from "./dom.js";

export type Tone = "error" | "done";

export function notice(text: string, tone: Tone = "done"): void {
  const box = byId("notice");
  box.dataset["tone"] = tone;
  byId("notice-text").textContent = text;
  box.hidden = false;
}

/** Says what failed in a sentence that names the doing. */
export function failed(doing: string, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  notice(`${doing}: ${reason}`, "error");
}

export function installNotice(): void {
  byId("notice-close").addEventListener("click", () => {
    byId("notice").hidden = true;
  });
}
