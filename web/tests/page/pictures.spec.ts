import { expect, test } from "./lane.js";

test("every sample picture is read", async ({ page, device }) => {
  await page.goto("./#pictures");
  for (let digit = 0; digit < 10; digit++) {
    await page.getByRole("button", { name: `Sample picture ${digit + 1}`, exact: true }).click();
    await expect(page.locator("#top5 .label").first()).toHaveText(String(digit));
  }
  await expect(page.locator("#top5 li")).toHaveCount(5);
  await expect(page.locator("#picture-device")).toHaveText(device === "webgpu" ? /^WebGPU:/ : /^wasm/);
  await expect(page.locator("#picture-ms")).toHaveText(/ms$/);
});

test("photographs are read by networks for ImageNet", async ({ page, device }) => {
  test.slow(device === "webgpu", "a second or more for each picture on an emulated GPU");
  await page.addInitScript(() => localStorage.removeItem("deepshift-network"));
  await page.goto("./#pictures");
  await expect(page.locator("#network")).toHaveValue(/EfficientNet-Lite0, two terms/);
  // An emulated GPU on busy cores takes its time to compile each network's shaders.
  const patience = { timeout: 60_000 };
  const loaded = /efficientnet-lite0, 5\.26 MB instead of 18\.8 MB as f32/;
  await expect(page.locator("#picture-bytes")).toHaveText(loaded, patience);
  for (const network of [2, 3, 4]) {
    await page.locator("#network").selectOption({ index: network });
    for (const [sample, name] of [[1, /\bcat\b|mau|tabby|lynx/i], [2, /espresso|cup/i], [3, /^hen\b/i]] as const) {
      await page.getByRole("button", { name: `Sample picture ${sample}`, exact: true }).click();
      await expect(page.locator("#top5 .label").first()).toHaveText(name, patience);
    }
  }
  await page.screenshot({ path: "screenshots/photograph.png" });
});

test("photographs are read by a network for CIFAR-10", async ({ page }) => {
  await page.goto("./#pictures");
  await page.locator("#network").selectOption({ index: 5 });
  for (const [sample, name] of [[1, "cat"], [2, "bird"]] as const) {
    await page.getByRole("button", { name: `Sample picture ${sample}`, exact: true }).click();
    await expect(page.locator("#top5 .label").first()).toHaveText(name);
  }
  await expect(page.locator("#picture-bytes")).toHaveText(/resnet20, 143 kB instead of 1\.08 MB as f32/);
});

test("a photograph of dark ink is cut out and read", async ({ page }) => {
  await page.goto("./#pictures");
  // A 7 in the corner of a grey sheet.
  const photograph = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(640, 480);
    const context = canvas.getContext("2d")!;
    context.fillStyle = "#c9c4bb";
    context.fillRect(0, 0, 640, 480);
    context.strokeStyle = "#26304a";
    context.lineWidth = 12;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    for (const [x, y] of [[60, 60], [150, 56], [105, 190]] as const) context.lineTo(x, y);
    context.stroke();
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg" })).arrayBuffer())];
  });
  await page.locator("#file").setInputFiles({ name: "seven.jpg", mimeType: "image/jpeg", buffer: Buffer.from(photograph) });
  await expect(page.locator("#top5 .label").first()).toHaveText("7");
});

test("the camera runs, and stops when the view is left", async ({ page }) => {
  await page.goto("./#pictures");
  await page.locator("#camera-toggle").click();
  await expect(page.locator("#camera")).toBeVisible();
  await expect(page.locator("#top5 li")).toHaveCount(5);
  await page.getByRole("link", { name: "Inside" }).click();
  await expect(page.locator("#inside-title")).toBeVisible();
  expect(await page.locator("#camera").evaluate((video: HTMLVideoElement) => video.srcObject)).toBeNull();
});
