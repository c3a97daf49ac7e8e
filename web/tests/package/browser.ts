import { type Browser, type Page, chromium } from "@playwright/test";
import type * as inspection from "../../src/inspect.js";
import type * as page from "../../src/index.js";
import type * as worker from "../../src/worker.js";

declare global {
  interface Window {
    /** What the fixture's page offers. */
    embedded?: {
      model: page.Model;
      page: typeof page;
      worker: typeof worker;
      runInOwnWorker(device: string, bytes: number[]): Promise<{ logits: number[]; device: string }>;
      train(): Promise<Pick<typeof worker, "createTraining">>;
      inspection(): Promise<typeof inspection>;
    };
  }
}

/** Chromium with WebGPU on the CPU. Without an adapter the tests on WebGPU must fail, not skip themselves. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless=new",
      "--no-sandbox",
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page and what it asked for and complained about. */
export interface Opened {
  page: Page;
  requests: string[];
  errors: string[];
}

/** Opens the page of a fixture, and waits until its model is loaded. */
export async function open(browser: Browser, url: string): Promise<Opened> {
  const page = await browser.newPage();
  const requests: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(url);
  await page
    .waitForFunction(() => window.embedded !== undefined, undefined, { timeout: 20_000 })
    .catch((error: Error) => Promise.reject(new Error(`${error.message}: ${errors.join("; ")}`)));
  return { page, requests, errors };
}
