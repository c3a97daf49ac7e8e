/** Files dropped or pasted anywhere: a .dshift becomes the current network, a picture is shown to it. */
import * as networks from "../networks.js";
import { byId } from "./dom.js";
import { failed, notice } from "./notice.js";
import { openView } from "./router.js";

export type ShowPicture = (picture: Blob) => void;

export function installDrop(showPicture: ShowPicture): void {
  let depth = 0;
  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  const show = (visible: boolean) => {
    byId("drop").hidden = !visible;
  };
  addEventListener("dragenter", (event) => {
    if (carriesFiles(event)) show(++depth > 0);
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) show(false);
  });
  addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    depth = 0;
    show(false);
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    void takeFile(file, showPicture);
  });
  addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (file) void takeFile(file, showPicture);
  });
}

/** Runs a network's file, or shows a picture. */
export async function takeFile(file: File, showPicture: ShowPicture): Promise<void> {
  if (file.name.endsWith(".dshift")) return takeNetwork(file);
  if (file.type.startsWith("image/")) {
    openView("pictures");
    return showPicture(file);
  }
  notice(`${file.name} is neither a picture nor a .dshift file`, "error");
}

async function takeNetwork(file: File): Promise<void> {
  const before = networks.current();
  try {
    networks.add(file.name, new Uint8Array(await file.arrayBuffer()));
    const model = await networks.currentInWorker();
    openView((await networks.readsDigits()) ? "draw" : "pictures");
    notice(`${file.name} is loaded: ${model.info.architecture}`);
  } catch (error) {
    networks.dropLast(before);
    failed(`${file.name} cannot be run`, error);
  }
}
