/** The drawing area and its buttons, which no device changes. */
import { drawDigit, drawIsReady, expect, test } from "./lane.js";

test("strokes can be undone and cleared, with buttons and keys", async ({ page }) => {
  await page.goto("./");
  await drawIsReady(page);
  await drawDigit(page, 4);
  await expect(page.locator("#digit")).toHaveText("4");
  await page.keyboard.press("Control+z");
  await expect(page.locator("#digit")).not.toHaveText("4");
  await drawDigit(page, 1);
  await page.locator("#undo").click();
  await page.locator("#undo").click();
  await expect(page.locator("#digit")).toHaveText("–");
  await expect(page.locator("#pad-hint")).toBeVisible();
  await drawDigit(page, 7);
  await expect(page.locator("#digit")).toHaveText("7");
  await page.keyboard.press("Escape");
  await expect(page.locator("#digit")).toHaveText("–");
  // A clearing can be undone too.
  await page.keyboard.press("Control+z");
  await expect(page.locator("#digit")).toHaveText("7");
});

test("a digit can be drawn with the keyboard alone", async ({ page }) => {
  await page.goto("./");
  await drawIsReady(page);
  await page.locator("#pad").focus();
  for (let press = 0; press < 8; press++) await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Space");
  for (let press = 0; press < 16; press++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await expect(page.locator("#digit")).toHaveText("1");
});

test("a corrected drawing is kept over a reload, until it is forgotten", async ({ page }) => {
  await page.goto("./");
  await drawIsReady(page);
  await expect(page.getByRole("button", { name: "It was a 7" })).toBeDisabled();
  await drawDigit(page, 7);
  await page.getByRole("button", { name: "It was a 7" }).click();
  await expect(page.getByRole("img", { name: "A drawing of 7" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("img", { name: "A drawing of 7" })).toBeVisible();
  await page.locator("#forget").click();
  await expect(page.locator("#kept")).toBeHidden();
});
