"""The contract of a model: what does not take these samples or answer these tasks is refused in one line."""

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

from data.specs.image import ImageSpec
from data.targets.classification import ClassificationTask
from registry.errors import PackageError
from registry.package.contract import open_model
from registry.package.package import load_package, read_package
from registry.shipped.manifest import manifest_text

SPEC, TASKS = ImageSpec(mode="L", size=8, crop=1.0), {"label": ClassificationTask(classes=("a", "b"))}


def model(
    columns: int = 2,
    *,
    opset: int = 17,
    given: str = "images",
    kind: int = TensorProto.UINT8,
    side: int = 8,
    names: tuple[str, ...] = ("probabilities", "embedding"),
) -> ModelProto:
    """A graph that makes `columns` sums of an image's pixels, for every one of its outputs."""
    shape = ["batch", side, side, 1]
    weights = numpy_helper.from_array(np.ones((side * side, columns), np.float32), "weights")
    nodes = [
        helper.make_node("Cast", [given], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["floats"], ["flat"], axis=1),
        *(helper.make_node("MatMul", ["flat", "weights"], [name]) for name in names),
    ]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", columns]) for name in names]
    taken = [helper.make_tensor_value_info(given, kind, shape)]
    graph = helper.make_graph(nodes, "test", taken, outputs, [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def test_open_model__as_promised() -> None:
    """A model that keeps the contract is opened."""
    checker.check_model(model())
    assert open_model(model().SerializeToString(), SPEC, TASKS, Path("p")).get_inputs()[0].name == "images"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"columns": 3}, "answers 'label' in 3 columns, labels.json names 2"),
        (
            {"names": ("probabilities", "more", "embedding")},
            "gives probabilities, more, embedding, labels",
        ),
        ({"names": ("probabilities",)}, "gives probabilities, labels.json promises probabilities, embedding"),
        ({"given": "pixels"}, "takes pixels, transform.json promises images"),
        ({"kind": TensorProto.FLOAT}, r"takes tensor\(float\), transform.json promises uint8"),
        ({"side": 9}, "does not run model.onnx .*; update onnxruntime"),
        ({"opset": 99}, r"ONNX Runtime [\d.]+ does not run model.onnx .*opset.*; update onnxruntime"),
    ],
)
def test_open_model__another(wrong: dict[str, object], told: str) -> None:
    """Each difference is one line that names the package, what was found and what is promised."""
    with pytest.raises(PackageError, match=told) as found:
        open_model(model(**wrong).SerializeToString(), SPEC, TASKS, Path("place"))  # type: ignore[arg-type]
    assert str(found.value).startswith("package place: ")
    assert "\n" not in str(found.value)


def test_open_model__no_model() -> None:
    """Bytes that are no model are refused alike."""
    with pytest.raises(PackageError, match="does not run model.onnx"):
        open_model(b"nothing", SPEC, TASKS, Path("place"))


def test_load_package__another_model(own_workshop) -> None:  # type: ignore[no-untyped-def]
    """It is found when the package is loaded, not at the first prediction."""
    folder = own_workshop.package
    (folder / "model.onnx").write_bytes(model(side=64, columns=3).SerializeToString())
    (folder / "manifest.json").write_text(manifest_text(folder))
    with pytest.raises(PackageError, match="answers 'label' in 3 columns, labels.json names 2"):
        load_package(folder)
    assert len(read_package(folder).reference), "what it learned from can still be asked, as an erasure does"
