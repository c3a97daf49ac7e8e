"""From a float ONNX file, what other runtimes take: ONNX with BatchNorm folded, ONNX in 8 bits, and TensorFlow.js.

Usage: models.py FILE.onnx FOLDER

Writes FOLDER/NAME.f32.onnx, NAME.int8.onnx (static quantisation, one scale an output channel, calibrated on random
pictures: it is timed, not judged), and NAME.tfjs.json + NAME.tfjs.bin, the folded network as a list of operations with
weights laid out as TensorFlow.js wants them. A shift layer's rounding of its input is left out, so that no runtime is
timed with work that only DeepShift's arithmetic asks for.

Needs the PyPI packages numpy, onnx, onnxruntime and sympy.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))
from requires import requires

requires("numpy", "onnx", "onnxruntime", "sympy")

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


def without_rounding(model):
    """Leaves out Mul, Floor, Clip, Mul chains whose values are named `<layer>/input/...`."""
    kept, renamed = [], {}
    for node in model.graph.node:
        inputs = [renamed.get(name, name) for name in node.input]
        if "/input/" in node.output[0]:
            renamed[node.output[0]] = inputs[0]
            continue
        del node.input[:]
        node.input.extend(inputs)
        kept.append(node)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    constants = [constant for constant in model.graph.initializer if constant.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(constants)
    return model


def fold(model, path):
    """onnxruntime's own basic optimisations, which fold BatchNorm into convolutions."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return onnx.load(path)


class RandomPictures(CalibrationDataReader):
    """A few pictures of noise."""

    def __init__(self, shape, count=4):
        generator = numpy.random.default_rng(1)
        self.pictures = iter(
            {"input": generator.standard_normal([1, *shape], dtype=numpy.float32)} for _ in range(count)
        )

    def get_next(self):
        return next(self.pictures, None)


def quantize(source, target, shape):
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared))
        quantize_static(
            str(prepared),
            str(target),
            RandomPictures(shape),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # Without VNNI, u8 x i8 pairs of 8-bit weights saturate in 16 bits.
            reduce_range=True,
        )


def tfjs(model, path):
    """Operations in order; weights in one file of f32, convolutions as [height, width, in, out]."""
    constants = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
    operations, weights = [], []

    def store(array):
        array = numpy.ascontiguousarray(array, dtype=numpy.float32)
        offset = sum(part.size for part in weights)
        weights.append(array)
        return {"offset": offset, "shape": list(array.shape)}

    for node in model.graph.node:
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        operation = {
            "type": node.op_type,
            "name": node.output[0],
            "inputs": [name for name in node.input if name and name not in constants],
        }
        for key in ["strides", "pads", "dilations", "kernel_shape", "group", "axis"]:
            if key in attributes:
                operation[key] = attributes[key]
        if node.op_type == "Conv":
            weight = constants[node.input[1]]
            depthwise = attributes.get("group", 1) > 1
            operation["weight"] = store(weight.transpose(2, 3, 0, 1) if depthwise else weight.transpose(2, 3, 1, 0))
        elif node.op_type == "Gemm":
            weight = constants[node.input[1]]
            operation["weight"] = store(weight.T if attributes.get("transB", 0) else weight)
        if node.op_type in ("Conv", "Gemm") and len(node.input) > 2:
            operation["bias"] = store(constants[node.input[2]])
        operations.append(operation)
    shape = [dimension.dim_value for dimension in model.graph.input[0].type.tensor_type.shape.dim][1:]
    description = {"input": model.graph.input[0].name, "input_shape": shape, "operations": operations}
    Path(f"{path}.json").write_text(json.dumps(description))
    Path(f"{path}.bin").write_bytes(b"".join(part.tobytes() for part in weights))


def main():
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    name = source.stem
    model = without_rounding(onnx.load(source))
    shape = [dimension.dim_value for dimension in model.graph.input[0].type.tensor_type.shape.dim][1:]
    folded = fold(model, folder / f"{name}.f32.onnx")
    quantize(folder / f"{name}.f32.onnx", folder / f"{name}.int8.onnx", shape)
    tfjs(folded, folder / f"{name}.tfjs")
    print(f"{name}: " + ", ".join(sorted({node.op_type for node in folded.graph.node})))


main()
