/** What does not depend on the device that runs the network. */
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { expect, test } from "./lane.js";

test("a camera that is refused is explained", async ({ page }) => {
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
  });
  await page.goto("./#pictures");
  await page.locator("#camera-toggle").click();
  await expect(page.locator("#notice-text")).toHaveText(/did not allow it/);
  await expect(page.locator("#camera-toggle")).toHaveAttribute("aria-pressed", "false");
});

/** Drops a file onto the page. */
const drop = async (page: Page, name: string, bytes: Buffer) => {
  const transfer = await page.evaluateHandle(
    ({ name, text }) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name));
      return transfer;
    },
    { name, text: bytes.toString("base64") },
  );
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
};

test("a dropped network runs; a damaged one is refused and changes nothing", async ({ page }) => {
  await page.goto("./#inside");
  const file = readFileSync(new URL("../../models/mnist-fc.dshift", import.meta.url));
  await drop(page, "mine.dshift", file);
  await expect(page).toHaveURL(/#draw$/);
  await expect(page.locator("#network option:checked")).toHaveText("mine.dshift");
  await drop(page, "broken.dshift", file.subarray(0, 1000));
  await expect(page.locator("#notice-text")).toHaveText(/^broken.dshift cannot be run/);
  await expect(page.locator("#network option:checked")).toHaveText("mine.dshift");
  await expect(page.locator("#network option")).toHaveCount(7);
});

test("what is inside the file is shown", async ({ page }) => {
  await page.goto("./#inside");
  await expect(page.locator("#inside-tiles")).toContainText("2.29 M");
  await expect(page.locator("#layers tbody tr")).toHaveCount(11);
  await expect(page.locator("#layers")).toContainText("5 bits, PS");
  await expect(page.locator("#inside-exponents svg")).toHaveCount(4);
  await expect(page.locator("#inside-cost")).toContainText("µJ");
});
