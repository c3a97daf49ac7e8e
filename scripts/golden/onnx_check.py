"""Compares the logits of ONNX files that `deepshift export --onnx` writes, run by onnxruntime, with our own.

Usage: onnx_check.py ARCHITECTURE...

Weights come from a formula; each architecture is compared as it is and with 5-bit shift layers of both types. Needs the
PyPI packages numpy, onnxruntime and safetensors, and `cargo build --workspace --bin deepshift --example
formula_model`.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))
from requires import requires

requires("numpy", "onnxruntime", "safetensors")

import numpy
import onnxruntime
from safetensors.numpy import load_file, save_file

PROGRAMS = Path(__file__).resolve().parents[2] / "target" / "debug"
TOLERANCE = 1e-4
KINDS = [["float"], ["Q", "5"], ["PS", "5"]]


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)


def difference(arch, kind, folder):
    """Largest difference of two pictures' logits, in units of the largest logit."""
    packed, onnx, pictures, logits = (folder / name for name in ["m.dshift", "m.onnx", "x.safetensors", "y.safetensors"])
    run(PROGRAMS / "examples" / "formula_model", arch, *kind, packed)
    run(PROGRAMS / "deepshift", "export", packed, "--onnx", "-o", onnx)
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    shape = session.get_inputs()[0].shape[1:]
    x = numpy.random.default_rng(1).standard_normal([2, *shape], dtype=numpy.float32)
    save_file({"input": x}, pictures)
    run(PROGRAMS / "deepshift", "run", packed, "--mode", "float", "--input", pictures, "--output", logits)
    ours = load_file(logits)["logits"]
    theirs = session.run(["logits"], {"input": x})[0]
    return numpy.abs(ours - theirs).max() / numpy.abs(ours).max()


def main():
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for arch in sys.argv[1:]:
            for kind in KINDS:
                found = difference(arch, kind, Path(folder))
                failed |= not found < TOLERANCE
                print(f"{arch} {' '.join(kind)}: {found:.1e}", flush=True)
    sys.exit(failed)


main()
