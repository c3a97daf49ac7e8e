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

/** Files are added in the order in which they came, however long each takes to be read. */
let turn: Promise<unknown> = Promise.resolve();

/** Networks that were loaded while a later one was current, which may be broken. */
const hidden = new Set<networks.Entry>();

/** Opens the view of the current network if it has just been loaded. */
function showLoaded(): void {
  for (const entry of [...hidden].filter(networks.isCurrent)) {
    hidden.delete(entry);
    openView(entry.digits ? "draw" : "pictures");
  }
}

async function takeNetwork(file: File): Promise<void> {
  let added: networks.Entry | undefined;
  try {
    const reading = file.arrayBuffer();
    // Awaited when its turn comes, which may be long after it failed.
    reading.catch(() => {});
    const adding = turn.then(async () => {
      const bytes = new Uint8Array(await reading);
      added = networks.add(file.name, bytes);
      return { entry: added, model: networks.currentInWorker() };
    });
    turn = adding.catch(() => {});
    const { entry, model } = await adding;
    const { info } = await model;
    entry.digits = networks.takesDigits(info);
    hidden.add(entry);
    showLoaded();
    notice(`${file.name} is loaded: ${info.architecture}`);
  } catch (error) {
    if (added) networks.remove(added);
    showLoaded();
    failed(`${file.name} cannot be run`, error);
  }
}
