/** What does not depend on the device that runs the network. */
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { drawIsReady, expect, test } from "./lane.js";

test("a camera that is refused is explained", async ({ page }) => {
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
  });
  await page.goto("./#pictures");
  await page.locator("#camera-toggle").click();
  await expect(page.locator("#notice-text")).toHaveText(/did not allow it/);
  await expect(page.locator("#camera-toggle")).toHaveAttribute("aria-pressed", "false");
});

/** Drops files onto the page, one right after the other. */
const drop = (page: Page, ...files: [name: string, bytes: Buffer][]) =>
  page.evaluate(
    (files) => {
      for (const { name, text } of files) {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name));
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
      }
    },
    files.map(([name, bytes]) => ({ name, text: bytes.toString("base64") })),
  );

/** Titles of the networks that can be chosen beside the shipped ones. */
const added = async (page: Page): Promise<string[]> => (await page.locator("#network option").allTextContents()).slice(6);

test("a dropped network runs; a damaged one is refused and changes nothing", async ({ page }) => {
  await page.goto("./#inside");
  const file = readFileSync(new URL("../../models/mnist-fc.dshift", import.meta.url));
  await drop(page, ["mine.dshift", file]);
  await expect(page).toHaveURL(/#draw$/);
  await expect(page.locator("#network option:checked")).toHaveText("mine.dshift");
  await drop(page, ["broken.dshift", file.subarray(0, 1000)]);
  await expect(page.locator("#notice-text")).toHaveText(/^broken.dshift cannot be run/);
  await expect(page.locator("#network option:checked")).toHaveText("mine.dshift");
  await expect(page.locator("#network option")).toHaveCount(7);
});

/** What is dropped quickly, with what remains of it. The file called `slow` is read last, `unreadable` not at all. */
const QUICKLY: [dropped: string[], remaining: string[], current: string][] = [
  [["broken", "good"], ["good"], "good"],
  [["good", "broken"], ["good"], "good"],
  [["good", "other"], ["good", "other"], "other"],
  [["slow", "good"], ["slow", "good"], "good"],
  [["broken", "broken too"], [], "Digits, convolutional"],
  [["good", "broken", "other", "broken too"], ["good", "other"], "other"],
  [["unreadable", "good"], ["good"], "good"],
  [["good", "unreadable"], ["good"], "good"],
];

for (const [dropped, remaining, current] of QUICKLY) {
  test(`dropped quickly: ${dropped.join(", ")}`, async ({ page }) => {
    await page.addInitScript(() => {
      const { arrayBuffer } = Blob.prototype;
      const others: Promise<unknown>[] = [];
      Blob.prototype.arrayBuffer = async function () {
        const name = this instanceof File ? this.name : "";
        if (name === "unreadable.dshift") throw new DOMException("it is a folder", "NotFoundError");
        // After all that is read in the same turn.
        if (name === "slow.dshift") await Promise.resolve().then(() => Promise.all(others));
        const reading = arrayBuffer.call(this);
        others.push(reading);
        return reading;
      };
    });
    await page.goto("./#inside");
    await expect(page.locator("#layers tbody tr")).not.toHaveCount(0);
    const file = readFileSync(new URL("../../models/mnist-fc.dshift", import.meta.url));
    const files = dropped.map((name): [string, Buffer] => [
      `${name}.dshift`,
      name.startsWith("broken") ? file.subarray(0, 1000) : file,
    ]);
    await drop(page, ...files);
    await expect.poll(() => added(page)).toEqual(remaining.map((name) => `${name}.dshift`));
    const title = remaining.length > 0 ? `${current}.dshift` : current;
    await expect(page.locator("#network option:checked")).toHaveText(title);
    if (remaining.length > 0) await drawIsReady(page);
  });
}

test("what is inside the file is shown", async ({ page }) => {
  await page.goto("./#inside");
  await expect(page.locator("#inside-tiles")).toContainText("2.29 M");
  await expect(page.locator("#layers tbody tr")).toHaveCount(11);
  await expect(page.locator("#layers")).toContainText("5 bits, PS");
  await expect(page.locator("#inside-exponents svg")).toHaveCount(4);
  await expect(page.locator("#inside-cost")).toContainText("µJ");
});
