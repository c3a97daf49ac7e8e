/** The page where the browser keeps nothing, as where cookies are blocked: everything works, and is forgotten. */
import type { Page } from "@playwright/test";
import { drawDigit, drawIsReady, expect, test } from "./lane.js";

/** How browsers withhold storage. Each runs in the page, before its scripts. */
const WAYS: Record<string, () => void> = {
  "its getters throw": () => {
    const denied = () => {
      throw new DOMException("Access is denied for this document.", "SecurityError");
    };
    for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
      Object.defineProperty(window, name, { configurable: true, get: denied });
    }
    for (const name of ["serviceWorker", "storage", "locks"]) {
      Object.defineProperty(navigator, name, { configurable: true, get: denied });
    }
  },
  "it is missing": () => {
    for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
      Object.defineProperty(window, name, { configurable: true, value: undefined });
    }
    for (const name of ["serviceWorker", "storage", "locks"]) {
      Object.defineProperty(navigator, name, { configurable: true, value: undefined });
    }
  },
  "its methods throw and reject": () => {
    const denied = () => {
      throw new DOMException("The operation is insecure.", "SecurityError");
    };
    for (const name of ["getItem", "setItem", "removeItem"] as const) Storage.prototype[name] = denied;
    IDBFactory.prototype.open = denied;
    CacheStorage.prototype.open = () => Promise.reject(new Error("no caches"));
    ServiceWorkerContainer.prototype.register = () => Promise.reject(new Error("no service workers"));
    StorageManager.prototype.estimate = () => Promise.reject(new Error("no storage"));
  },
  "it is full": () => {
    const full = () => {
      throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
    };
    Storage.prototype.setItem = full;
    IDBObjectStore.prototype.add = IDBObjectStore.prototype.put = full;
    Cache.prototype.put = Cache.prototype.addAll = () => Promise.reject(new Error("full"));
  },
};

async function keepDrawing(page: Page): Promise<void> {
  await drawDigit(page, 7);
  await page.getByRole("button", { name: "It was a 7" }).click();
}

for (const [how, withhold] of Object.entries(WAYS)) {
  test(`every view works where storage is withheld: ${how}`, async ({ page }) => {
    test.setTimeout(180_000);
    await page.addInitScript(withhold);
    await page.goto("./");
    await page.locator("#network").selectOption({ index: 0 });
    await drawIsReady(page);
    await page.locator("#theme").click();
    await keepDrawing(page);
    await expect(page.locator("#kept-list li")).toHaveCount(1);
    await page.locator("#clear").click();
    await keepDrawing(page);
    await expect(page.locator("#kept-list li")).toHaveCount(2);

    await page.getByRole("link", { name: "Train", exact: true }).click();
    await page.locator("#step").click();
    await expect(page.locator("#train-status")).toHaveText(/^Paused, 1 step done\. This browser keeps nothing/, { timeout: 60_000 });
    await expect(page.locator("#fine-tune")).toHaveText("Fine-tune with my 2 drawings");
    await page.locator("#reset").click();
    await expect(page.locator("#train-status")).toHaveText(/^Nothing runs yet/);

    await page.getByRole("link", { name: "Inside", exact: true }).click();
    await expect(page.locator("#layers tbody tr")).not.toHaveCount(0);
    await page.getByRole("link", { name: "Pictures", exact: true }).click();
    await expect(page.locator("#top5 li")).toHaveCount(5);
    await page.locator("#device").selectOption("wasm");
    await expect(page.locator("#top5 li")).toHaveCount(5);

    await page.getByRole("link", { name: "Draw", exact: true }).click();
    await page.locator("#forget").click();
    await expect(page.locator("#kept")).toBeHidden();
    await keepDrawing(page);
    await expect(page.locator("#kept")).toBeVisible();
    await page.reload();
    await drawIsReady(page);
    await expect(page.locator("#kept")).toBeHidden();
  });
}
