/** What every test has: the site under a sub-path, the lane's device, and an eye on policy, errors and other origins. */
import { test as base, expect, type Page } from "@playwright/test";
import digits from "../../demo/draw/digits.json" with { type: "json" };
import { type Site, serveSite } from "./server.js";

export interface LaneOptions {
  device: "wasm" | "webgpu";
}

interface Fixtures {
  watched: void;
}

export const test = base.extend<LaneOptions & Fixtures, { site: Site }>({
  device: ["wasm", { option: true }],
  site: [
    async ({}, use) => {
      const site = await serveSite();
      await use(site);
      await site.close();
    },
    { scope: "worker" },
  ],
  baseURL: async ({ site }, use) => use(site.url),
  watched: [
    async ({ page, device }, use) => {
      const wrong: string[] = [];
      page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
      page.on("console", (message) => {
        if (message.type() === "error") wrong.push(`console: ${message.text()}`);
      });
      page.on("request", (request) => {
        const { protocol, hostname } = new URL(request.url());
        if (protocol.startsWith("http") && hostname !== "localhost") wrong.push(`fetched ${request.url()}`);
      });
      await page.addInitScript((choice) => {
        localStorage.setItem("deepshift-device", choice);
        // Small enough for an emulated GPU in every view.
        localStorage.setItem("deepshift-network", "mnist-conv.dshift");
        addEventListener("securitypolicyviolation", (event) => {
          console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
        });
      }, device);
      await use();
      expect(wrong).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Draws a recorded digit with the mouse. */
export const drawDigit = (page: Page, digit: number): Promise<void> => drawStrokes(page, digits[digit] ?? []);

/** Draws strokes of points in the unit square with the mouse. */
export async function drawStrokes(page: Page, strokes: readonly (readonly (readonly number[])[])[]): Promise<void> {
  await page.locator("#pad").scrollIntoViewIfNeeded();
  const box = await page.locator("#pad").boundingBox();
  if (!box) throw new Error("the drawing area is not visible");
  for (const stroke of strokes) {
    // Every third point and the last: as coarse as a quick hand.
    const points = stroke.filter((_, index) => index % 3 === 0 || index === stroke.length - 1);
    for (const [index, [x = 0, y = 0]] of points.entries()) {
      await page.mouse.move(box.x + x * box.width, box.y + y * box.height);
      if (index === 0) await page.mouse.down();
    }
    await page.mouse.up();
  }
}

/** Waits until the current network is loaded and measured in Draw. */
export async function drawIsReady(page: Page): Promise<void> {
  await expect(page.locator("#ratio-ms")).toHaveText(/faster|slower/, { timeout: 30_000 });
}
