// Trains in the demo page with the settings that it opens with, and prints the accuracy on the 10,000 test digits and the time.
//
// Usage: scripts/demo (in another terminal), then node web/bench/train.mjs [http://localhost:4173/] [FILE.dshift]
//
// The network is saved as FILE, by default target/page.dshift, for `deepshift eval`.

import { resolve } from "node:path";
import { chromium } from "@playwright/test";

const [address = "http://localhost:4173/", file = resolve(import.meta.dirname, "../../target/page.dshift")] =
  process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless=new", "--no-sandbox", "--disable-background-networking"],
});
try {
  const page = await browser.newPage({ acceptDownloads: true });
  await page.goto(`${address}#train`);
  const start = performance.now();
  await page.click("#run");
  const status = page.locator("#train-status", { hasText: /^Finished/ });
  await status.waitFor({ timeout: 1_800_000 });
  console.log(`${((performance.now() - start) / 1000).toFixed(0)} s, fetching the digits and testing included`);
  console.log(await status.textContent());
  const tiles = await page.locator("#view-train .tiles > div").allInnerTexts();
  console.log(tiles.map((tile) => tile.replace(/\s*\n\s*/g, " ")).join(", "));
  const download = page.waitForEvent("download");
  await page.click("#download");
  await (await download).saveAs(file);
  console.log(`saved as ${file}`);
} finally {
  await browser.close();
}
