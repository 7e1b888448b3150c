"""int8 beside fp32: what is quantized, compared and told."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from bench.report import NOT_RUN
from bench.serving.int8 import KINDS, compared, opened, quantized, section


@pytest.fixture
def model(tmp_path):
    """A layer of eight inputs and two classes."""
    random = np.random.default_rng(0)
    weights = {"weights": random.normal(size=(8, 2)), "bias": np.zeros(2)}
    nodes = [helper.make_node("Gemm", ["samples", "weights", "bias"], ["logits"]),
             helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1)]  # fmt: skip
    graph = helper.make_graph(
        nodes, "tiny", [helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["N", 8])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 2])],
        [onnx.numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(made, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_quantized__says_nearly_the_same(model, tmp_path):
    """Both forms are int8 and answer as the model does, but for rounding."""
    samples = np.random.default_rng(1).normal(size=(64, 8)).astype(np.float32)
    paths = quantized(model, samples, tmp_path)
    said = {kind: opened(path)(samples) for kind, path in paths.items()}
    assert tuple(said) == KINDS
    for kind in ("dynamic", "static"):
        kinds = {tensor.data_type for tensor in onnx.load(paths[kind]).graph.initializer}
        assert TensorProto.INT8 in kinds
        assert 0 < compared(said["fp32"], said[kind])["largest"] < 0.1


def test_compared__decisions():
    """The share whose likeliest class is another, and how far probabilities lie apart."""
    before, after = np.array([[0.6, 0.4], [0.1, 0.9]]), np.array([[0.4, 0.6], [0.1, 0.9]])
    assert compared(before, after) == pytest.approx({"changed": 0.5, "largest": 0.2, "mean": 0.1})


def test_section__medians_and_ratios():
    """Images a second and their ratio to fp32's."""
    rates = [{"fp32": 100.0, "dynamic": 50.0, "static": value} for value in (150.0, 180.0, 200.0)]
    changes = {kind: {"changed": 0.0123, "largest": 0.25, "mean": 0.01} for kind in KINDS}
    page = section({"solar": {"values": {"rates": rates, "changes": changes}}})
    assert "| static | 180 | 1.80 | 1.2% | 0.250 | 0.010 |" in page
    assert section({}).count(NOT_RUN) == len(KINDS)
