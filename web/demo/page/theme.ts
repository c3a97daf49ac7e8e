/** Dark and light: the system's choice until one is made here. */
import { recall, remember } from "./browser-storage.js";
import { byId } from "./dom.js";

const KEY = "deepshift-theme";

function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function show(button: HTMLElement): void {
  button.setAttribute("aria-pressed", String(isDark()));
}

export function installTheme(): void {
  const chosen = recall(KEY);
  if (chosen) document.documentElement.dataset["theme"] = chosen;
  const button = byId("theme");
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset["theme"] = theme;
    remember(KEY, theme);
    show(button);
    window.dispatchEvent(new Event("themechange"));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    show(button);
    window.dispatchEvent(new Event("themechange"));
  });
  show(button);
}
