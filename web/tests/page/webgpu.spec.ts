import { drawDigit, drawIsReady, expect, test } from "./lane.js";

test("there is an adapter", async ({ page }) => {
  await page.goto("./");
  const adapter = await page.evaluate(async () => (await navigator.gpu?.requestAdapter())?.info.vendor);
  expect(adapter, "Chromium offers no WebGPU adapter: this lane proves nothing without one").toBeDefined();
});

test("a device that is lost while one draws comes back", async ({ page }) => {
  test.setTimeout(120_000);
  await page.addInitScript(() => {
    const devices: GPUDevice[] = [];
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, ...options) {
      const device = await requestDevice.apply(this, options);
      devices.push(device);
      return device;
    };
    Object.assign(globalThis, { devices });
  });
  await page.goto("./");
  await drawIsReady(page);
  await drawDigit(page, 7);
  await expect(page.locator("#digit")).toHaveText("7");
  const before = await page.evaluate(() => {
    const { devices } = globalThis as unknown as { devices: GPUDevice[] };
    for (const device of devices) device.destroy();
    return devices.length;
  });
  await page.locator("#clear").click();
  await drawDigit(page, 4);
  // Both networks' shaders are compiled anew, which takes seconds in software.
  await expect(page.locator("#digit")).toHaveText("4", { timeout: 60_000 });
  await expect(page.locator("#notice")).toBeHidden();
  const after = await page.evaluate(() => (globalThis as unknown as { devices: GPUDevice[] }).devices.length);
  expect(after).toBeGreaterThan(before);
});

test("auto measures both devices and says so", async ({ page }) => {
  await page.goto("./");
  await drawIsReady(page);
  await page.locator("#device").selectOption("auto");
  await expect(page.locator("#device-reason")).toHaveText(/^(WebGPU|wasm[\w -]*): .*faster than/);
});
