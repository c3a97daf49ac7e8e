import { AxeBuilder } from "@axe-core/playwright";
import { drawDigit, drawIsReady, expect, test } from "./lane.js";

for (const colorScheme of ["light", "dark"] as const) {
  for (const view of ["draw", "train", "pictures", "inside"]) {
    test(`axe finds nothing serious in ${view}, ${colorScheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.goto(`./#${view}`);
      if (view === "draw") {
        await drawIsReady(page);
        await drawDigit(page, 7);
        await page.getByRole("button", { name: "It was a 7" }).click();
        await expect(page.locator("#kept")).toBeVisible();
      }
      if (view === "inside") await expect(page.locator("#layers tbody tr")).not.toHaveCount(0);
      if (view === "pictures") await expect(page.locator("#top5 li")).toHaveCount(5);
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    });
  }
}

test("tab reaches everything in reading order", async ({ page }) => {
  await page.goto("./");
  await drawIsReady(page);
  await drawDigit(page, 3);
  await page.locator("#skip").focus();
  const order = ["skip", "DeepShift", "Draw", "Train", "Pictures", "Inside", "theme", "network", "device", "pad", "undo", "clear", "0", "1"];
  const reached: string[] = [];
  for (const _ of order) {
    reached.push(await page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim() || ""));
    await page.keyboard.press("Tab");
  }
  expect(reached).toEqual(order);
});

test("the colours can be chosen and stay chosen", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("./");
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await background();
  await page.locator("#theme").click();
  const dark = await background();
  expect(dark).not.toBe(light);
  await page.reload();
  expect(await background()).toBe(dark);
});
