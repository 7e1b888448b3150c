"""A tiny real package: ONNX Runtime on a network of three nodes, and the real transform."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper
from PIL import Image

from data.specs.image import ImageSpec, ImageTransform

WEIGHTS = np.array([[-0.05, 0.05]] * 3, dtype=np.float32)


class TinyPackage:
    """Mean colour as the embedding; dark images are `dark`, bright ones `bright` (the border is at 100)."""

    headline = "shade"
    classes = ("dark", "bright")
    transform = ImageTransform(image=ImageSpec(size=8), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

    def __init__(self) -> None:
        """Builds the network."""
        self.batches: list[int] = []
        self.session = ort.InferenceSession(_network().SerializeToString(), providers=["CPUExecutionProvider"])

    def content(self, name: str) -> bytes:
        """A file of the package."""
        return {"model_card.md": b"# Shades\n\nFor tests.\n"}[name]

    def predict(
        self, images: npt.NDArray[np.uint8]
    ) -> tuple[dict[str, npt.NDArray[np.float32]], npt.NDArray[np.float32]]:
        """Probabilities [N, 2] by task, and embeddings [N, 3]."""
        self.batches.append(len(images))
        probabilities, embeddings = self.session.run(None, {"images": images})
        return {"shade": np.asarray(probabilities, dtype=np.float32)}, np.asarray(embeddings, dtype=np.float32)


def _network() -> onnx.ModelProto:
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels", "axes"], ["embedding"], keepdims=0),
        helper.make_node("Gemm", ["embedding", "weights", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    constants = {"axes": np.array([1, 2]), "weights": WEIGHTS, "bias": np.array([15.0, -15.0], dtype=np.float32)}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", 8, 8, 3])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 2]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 3]),
        ],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.fixture
def package() -> TinyPackage:
    """The tiny package."""
    return TinyPackage()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project root of the test's own."""
    monkeypatch.setenv("REGRAFT_ROOT", str(tmp_path))
    return tmp_path / ".regraft"


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """70 PNG files, every second one bright."""
    paths = [tmp_path / f"{number:02d}.png" for number in range(70)]
    for number, path in enumerate(paths):
        Image.new("RGB", (10, 10), (20, 20, 20) if number % 2 == 0 else (220, 220, 220)).save(path)
    return paths


@pytest.fixture
def shade() -> Callable[..., bytes]:
    """Makes a PNG of one grey level."""

    def make(level: int, *, side: int = 10) -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", (side, side), (level, level, level)).save(buffer, "PNG")
        return buffer.getvalue()

    return make
