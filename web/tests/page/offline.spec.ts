import { drawDigit, drawIsReady, expect, test } from "./lane.js";
import { serveSite } from "./server.js";

test("after one visit the page works without its server", async ({ page }) => {
  const site = await serveSite();
  await page.goto(site.url);
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active?.state === "activated") return;
    await new Promise<void>((resolve) => active?.addEventListener("statechange", () => active.state === "activated" && resolve()));
  });
  await site.close();
  await page.reload();
  await drawIsReady(page);
  await drawDigit(page, 2);
  await expect(page.locator("#digit")).toHaveText("2");
  await page.getByRole("link", { name: "Pictures" }).click();
  await page.getByRole("button", { name: "Sample picture 6" }).click();
  await expect(page.locator("#top5 .label").first()).toHaveText("5");
  await page.getByRole("link", { name: "Inside" }).click();
  await expect(page.locator("#layers tbody tr")).toHaveCount(11);
});
