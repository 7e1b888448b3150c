"""A model that was handed over: numpy, onnxruntime and Pillow read it, without Regraft.

`Model().answers(["cell.png"])` gives file, class and probabilities. `python model.py` shows that it answers on this
machine as the network did where it was trained.
"""

import io
import json
import signal
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

PACKAGE = Path(__file__).with_name("package")
Floats = npt.NDArray[np.float32]


class Model:
    """The package beside this file: `classes` in the order of their probabilities, `faults`: files that are none."""

    def __init__(self) -> None:
        import onnxruntime

        told, tasks = (json.loads((PACKAGE / name).read_text("utf-8")) for name in ("transform.json", "labels.json"))
        self.spec, self.faults = told["image"], 0
        self.classes: list[str] = next(iter(tasks["tasks"].values()))["classes"]
        self.session = onnxruntime.InferenceSession(PACKAGE / "model.onnx", providers=["CPUExecutionProvider"])

    def predict(self, images: npt.NDArray[np.uint8]) -> Floats:
        """Probabilities [N, classes] of what `pixels` makes of files, stacked."""
        found: Floats = self.session.run(None, {"images": images})[0]
        return found

    def answers(self, given: Iterable[str]) -> Iterator[tuple[str, str, Floats]]:
        """File, class and probabilities of files and of those in folders; what is no image is told and left out."""
        for file in named(given):
            try:
                seen = pixels(file, self.spec)
            except Exception as error:  # noqa: BLE001 - a damaged file makes Pillow raise almost anything
                print(f"{file}: {_reason(error, file)}", file=sys.stderr)  # noqa: T201 - this program has no other voice
                self.faults += 1
                continue
            (shares,) = self.predict(seen[None])
            yield file, self.classes[shares.argmax()], shares

    def check(self) -> float:
        """How far answers to the package's golden samples are from the network's; tells it."""
        with zipfile.ZipFile(PACKAGE / "golden.zip") as golden:
            told = json.loads(golden.read("answers.json"))
            seen = np.stack([pixels(io.BytesIO(golden.read(name)), self.spec) for name in told["samples"]])
        difference = float(np.abs(self.predict(seen) - np.array(next(iter(told["said"].values())))).max())
        print(f"{len(seen)} golden samples: answers differ by {difference:.2g} at most")  # noqa: T201
        return difference


def pixels(file: str | IO[bytes], spec: dict[str, Any]) -> npt.NDArray[np.uint8]:
    """What the network sees of a file, as transform.json says: upright, 8 bits, a square of size x size x channels."""
    image: Image.Image = Image.open(file)
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):  # deep values: black and white of the range become 0 and 255
        black, white = spec.get("value_range") or (0, 65535)
        values = np.nan_to_num(np.asarray(image, np.float64), nan=black, posinf=white, neginf=black)
        values = (values - black) * (255 / (white - black))
        image = Image.fromarray(np.clip(values, 0, 255).round().astype(np.uint8))
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, spec.get("background", "black")), clear)
        image = image.convert("RGB")
    return np.asarray(square(image.convert(spec["mode"]), spec)).reshape(spec["size"], spec["size"], -1)


def square(image: Image.Image, spec: dict[str, Any]) -> Image.Image:
    """All on the background (letterbox) or distorted (squash), or its centre, the shortest side at size / crop."""
    size, fit = (spec["size"], spec["size"]), spec.get("fit", "crop")
    method = Image.Resampling[spec["interpolation"].upper()]
    if fit == "letterbox":
        small = image.resize([max(1, round(side * size[0] / max(image.size))) for side in image.size], method)
        whole = Image.new(image.mode, size, spec.get("background", "black"))
        whole.paste(small, ((size[0] - small.width) // 2, (size[0] - small.height) // 2))
        return whole
    target = round(spec["size"] / spec["crop"])
    scaled = [max(target, round(side * (target / min(image.size)))) for side in image.size]
    ends = [((side + sign * spec["size"]) // 2 / side) for sign in (-1, 1) for side in scaled]
    box = [end * side for end, side in zip(ends, image.size * 2, strict=True)]
    return image.resize(size, method, box=None if fit == "squash" else (box[0], box[1], box[2], box[3]))


def _reason(error: Exception, file: str) -> str:
    """What is wrong with a file, without its name, which stands before it."""
    return getattr(error, "strerror", None) or str(error).removesuffix(f" {file!r}")


def end_with_reader() -> None:
    """Lets a program end without a word where nobody reads on, as behind `| head`."""
    if hasattr(signal, "SIGPIPE"):  # Windows has none
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def named(given: Iterable[str]) -> list[str]:
    """The files, and those in the folders: shells of Windows open no `*.png`."""
    found = (sorted(map(str, Path(one).rglob("*"))) if Path(one).is_dir() else [one] for one in given)
    return [file for files in found for file in files if not Path(file).is_dir()]


if __name__ == "__main__":
    sys.exit(0 if Model().check() <= 0.001 else 1)
