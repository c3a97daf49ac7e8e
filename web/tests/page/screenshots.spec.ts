/** Pictures of every view for people to look at, in web/screenshots. */
import { drawDigit, drawIsReady, expect, test } from "./lane.js";

const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

test("screenshots of every view", async ({ page }) => {
  test.setTimeout(150_000);
  await page.emulateMedia({ reducedMotion: "reduce" });
  const shoot = async (view: string) => {
    for (const [name, size] of Object.entries(SIZES)) {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize(size);
        await page.emulateMedia({ colorScheme });
        // Charts follow the size in the next frames.
        await page.waitForTimeout(300);
        await page.screenshot({ path: `screenshots/${view}-${name}-${colorScheme}.png`, fullPage: true });
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(size.width);
      }
    }
  };
  await page.goto("./");
  await drawIsReady(page);
  for (const digit of [2, 5]) {
    await drawDigit(page, digit);
    await page.getByRole("button", { name: `It was a ${digit}` }).click();
    await page.locator("#clear").click();
  }
  await drawDigit(page, 8);
  await expect(page.locator("#digit")).toHaveText("8");
  await shoot("draw");
  for (const view of ["pictures", "inside"]) {
    await page.goto(`./#${view}`);
    if (view === "pictures") await page.getByRole("button", { name: "Sample picture 6" }).click();
    await expect(page.locator(view === "pictures" ? "#top5 li" : "#layers tbody tr")).not.toHaveCount(0);
    await shoot(view);
  }
  await page.goto("./#train");
  await page.locator("#run").click();
  await expect(page.locator("#chart-loss svg")).toHaveAttribute("aria-label", /after (2[5-9]\d|[3-9]\d\d|\d{4}) steps/, { timeout: 120_000 });
  await page.locator("#run").click();
  await expect(page.locator("#train-status")).toHaveText(/^Paused/);
  await shoot("train");
});
