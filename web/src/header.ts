import type { ModelInfo } from "./info.js";

/** The part of a file's header that is used here; `docs/format.md` has all of it. */
interface Header {
  graph: { name: string; nodes: [{ op: { input: number[] } }]; head: ModelInfo["head"] };
  tensors: { shape: number[] }[];
  classes?: string[];
  preprocessing?: ModelInfo["preprocessing"];
  provenance: ModelInfo["provenance"];
}

/** What the header of a file says that a network was made of: every field was checked then. */
export function infoOf(file: Uint8Array): ModelInfo {
  const length = new DataView(file.buffer, file.byteOffset).getUint32(12, true);
  const header = JSON.parse(new TextDecoder().decode(file.subarray(24, 24 + length))) as Header;
  const { graph, tensors, classes = [], preprocessing = null, provenance } = header;
  return {
    architecture: graph.name,
    input_shape: graph.nodes[0].op.input,
    head: graph.head,
    classes,
    preprocessing,
    provenance,
    parameters: tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0),
  };
}
