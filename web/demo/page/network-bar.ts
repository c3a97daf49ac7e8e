/** The strip that chooses network and device, and says what runs and why. */
import * as networks from "../networks.js";
import type { DeviceReport } from "deepshift";
import { recall, remember } from "./browser-storage.js";
import { byId, html } from "./dom.js";

const KEY = "deepshift-device";

export function installNetworkBar(): void {
  const select = byId<HTMLSelectElement>("network");
  const device = byId<HTMLSelectElement>("device");
  const progress = byId<HTMLProgressElement>("network-progress");
  select.addEventListener("change", () => networks.choose(select.selectedIndex));
  device.addEventListener("change", () => {
    remember(KEY, device.value);
    networks.chooseDevice(device.value as networks.DeviceChoice);
  });
  const kept = recall(KEY);
  if (kept === "wasm" || kept === "webgpu") {
    device.value = kept;
    networks.chooseDevice(kept);
  }
  networks.onProgress((fraction) => {
    progress.hidden = fraction === undefined;
    if (fraction !== undefined) progress.value = fraction;
  });
  const show = () => {
    select.replaceChildren(...networks.entries.map(({ title }) => html("option", {}, title)));
    select.selectedIndex = networks.current();
    byId("device-reason").textContent = "";
  };
  networks.onChange(show);
  show();
}

/** Says what runs the network. */
export function showDevice({ device, reason }: DeviceReport): void {
  byId("device-reason").textContent = `${deviceName(device)}: ${reason}`;
}

const NAMES: Record<string, string> = {
  webgpu: "WebGPU",
  "wasm-scalar": "wasm",
  "wasm-simd128": "wasm SIMD",
  "wasm-relaxed-simd": "wasm relaxed SIMD",
};

export const deviceName = (device: string): string => NAMES[device] ?? device;
