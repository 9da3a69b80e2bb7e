"""Makes a small network with the operators that segmentation networks are made of, and what onnxruntime answers.

usage: reference.py FOLDER   writes network.onnx; for one window and for a larger volume its two input channels and
the answers for four classes, those of the larger volume added up window by window (f32, slowest dimension first)
"""
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[1])
random = np.random.default_rng(7)


def weights(name, *shape):
    values = random.standard_normal(shape) * (2.0 / np.prod(shape[1:])) ** 0.5
    return numpy_helper.from_array(values.astype(np.float32), name)


def convolution(source, target, stride=1, size=3):
    return helper.make_node(
        "Conv", [source, f"{target}_w", f"{target}_b"], [target],
        kernel_shape=[size] * 3, strides=[stride] * 3, pads=[size // 2] * 6)


nodes = [
    convolution("input", "first"),
    helper.make_node("InstanceNormalization", ["first", "scale", "shift"], ["even"], epsilon=1e-5),
    helper.make_node("LeakyRelu", ["even"], ["high"], alpha=0.01),
    convolution("high", "down", stride=2),
    helper.make_node("Relu", ["down"], ["low"]),
    helper.make_node("ConvTranspose", ["low", "up_w", "up_b"], ["up"], kernel_shape=[2] * 3, strides=[2] * 3),
    helper.make_node("Concat", ["up", "high"], ["both"], axis=1),
    convolution("both", "output", size=1),
]
parameters = [
    weights("first_w", 8, 2, 3, 3, 3), weights("first_b", 8), weights("scale", 8), weights("shift", 8),
    weights("down_w", 16, 8, 3, 3, 3), weights("down_b", 16), weights("up_w", 16, 8, 2, 2, 2), weights("up_b", 8),
    weights("output_w", 4, 16, 1, 1, 1), weights("output_b", 4),
]
dimensions = ["depth", "height", "width"]
graph = helper.make_graph(
    nodes, "u",
    [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 2] + dimensions)],
    [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 4] + dimensions)],
    parameters)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
model.ir_version = 8
onnx.checker.check_model(model)
onnx.save(model, folder / "network.onnx")
session = onnxruntime.InferenceSession(str(folder / "network.onnx"), providers=["CPUExecutionProvider"])
WINDOW = (12, 16, 8)


def answer(source):
    return session.run(None, {"input": source[None]})[0][0]


def starts(length, window):
    steps = -(-(length - window) // (window // 2))
    return [(n * (length - window) + steps // 2) // steps for n in range(steps + 1)] if steps > 0 else [0]


def answers(source):
    """Windows half apart at most, weighted by a bell of an eighth of the window, at least 1e-4."""
    bells = [np.maximum(np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (n / 8)) ** 2), 1e-4) for n in WINDOW]
    bell = bells[0][:, None, None] * bells[1][:, None] * bells[2]
    total = np.zeros((4,) + source.shape[1:])
    for k in starts(source.shape[1], WINDOW[0]):
        for j in starts(source.shape[2], WINDOW[1]):
            for i in starts(source.shape[3], WINDOW[2]):
                place = (slice(None), slice(k, k + WINDOW[0]), slice(j, j + WINDOW[1]), slice(i, i + WINDOW[2]))
                total[place] += bell * answer(source[place])
    return total.astype(np.float32)


window = random.standard_normal((2,) + WINDOW).astype(np.float32)
window.tofile(folder / "window.input")
answer(window).tofile(folder / "window.output")
large = random.standard_normal((2, 20, 27, 13)).astype(np.float32)
large.tofile(folder / "large.input")
answers(large).tofile(folder / "large.output")
