/** Drawings that were kept with their labels, to train on. */
import * as storage from "../page/storage.js";
import type { Stroke } from "./digit.js";

export interface KeptDrawing {
  strokes: Stroke[];
  label: number;
}

export const keptDrawings = (): Promise<KeptDrawing[]> => storage.all<KeptDrawing>("drawings");

export async function keep(strokes: readonly Stroke[], label: number): Promise<void> {
  await storage.add("drawings", { strokes: [...strokes], label } satisfies KeptDrawing);
}

export const forgetAll = async (): Promise<void> => storage.clear("drawings");
