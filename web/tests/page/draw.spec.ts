import { drawDigit, drawIsReady, expect, test } from "./lane.js";

for (const [index, network] of ["convolutional", "fully connected"].entries()) {
  test(`every recorded digit is read by the ${network} network`, async ({ page, device }) => {
    await page.goto("./");
    if (index > 0) await page.locator("#network").selectOption({ index });
    await drawIsReady(page);
    await expect(page.locator("#device-reason")).toHaveText(device === "webgpu" ? /^WebGPU:/ : /^wasm/);
    for (let digit = 0; digit < 10; digit++) {
      await page.locator("#clear").click();
      await drawDigit(page, digit);
      await expect(page.locator("#digit")).toHaveText(String(digit));
      await expect(page.locator("#shift-answer")).toHaveText(new RegExp(`^${digit}, `));
      await expect(page.locator("#float-answer")).toHaveText(new RegExp(`^${digit}, `));
    }
    await expect(page.locator("#live")).toHaveText(/^Read as 9,/);
  });
}

test("a finger draws and does not scroll", async ({ browser, site, device }) => {
  const context = await browser.newContext({ hasTouch: true, viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.addInitScript((choice) => localStorage.setItem("deepshift-device", choice), device);
  await page.goto(site.url);
  await drawIsReady(page);
  const box = await page.locator("#pad").boundingBox();
  if (!box) throw new Error("the drawing area is not visible");
  const session = await context.newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", part?: number) =>
    session.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: part === undefined ? [] : [{ x: box.x + box.width / 2, y: box.y + part * box.height }],
    });
  await touch("touchStart", 0.15);
  for (let part = 0.2; part < 0.9; part += 0.05) await touch("touchMove", part);
  await touch("touchEnd");
  await expect(page.locator("#digit")).toHaveText("1");
  expect(await page.evaluate(() => scrollY)).toBe(0);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  await context.close();
});
