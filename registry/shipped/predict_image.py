"""Names the class of image files: `python predict.py FILE_OR_FOLDER …` prints a row a file, without Regraft.

`python predict.py --check` shows that it answers on this machine as the network did where it was trained.
"""

import csv
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps


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


def named(arguments: list[str]) -> list[str]:
    """The files on the command line, and those in the folders there: shells of Windows open no `*.png`."""
    found = (sorted(map(str, Path(given).rglob("*"))) if Path(given).is_dir() else [given] for given in arguments)
    return [file for files in found for file in files if not Path(file).is_dir()]


def check(package: Path, spec: dict[str, Any], model: Any) -> int:
    """Compares answers to the package's golden samples with those of the network; 0 where they agree to 0.001."""
    with zipfile.ZipFile(package / "golden.zip") as golden:
        told = json.loads(golden.read("answers.json"))
        seen = np.stack([pixels(io.BytesIO(golden.read(name)), spec) for name in told["samples"]])
    found, said = model.run(None, {"images": seen})[0], np.array(next(iter(told["said"].values())))
    difference = float(np.abs(found - said).max())
    print(f"{len(seen)} golden samples: answers differ by {difference:.2g} at most")  # noqa: T201
    return 0 if difference <= 0.001 else 1


def main() -> None:
    """Prints class and probabilities of the files on the command line as CSV; what is no image is told and left out."""
    import onnxruntime

    package, files = Path(__file__).with_name("package"), named(sys.argv[1:])
    spec, tasks = (json.loads((package / name).read_text("utf-8")) for name in ("transform.json", "labels.json"))
    classes = next(iter(tasks["tasks"].values()))["classes"]
    model = onnxruntime.InferenceSession(package / "model.onnx", providers=["CPUExecutionProvider"])
    if files == ["--check"]:
        sys.exit(check(package, spec["image"], model))
    table = csv.writer(sys.stdout)
    table.writerow(["path", "class", *classes])
    faults = 0
    for file in files:
        try:
            seen = pixels(file, spec["image"])
        except Exception as error:  # noqa: BLE001 - a damaged file makes Pillow raise almost anything
            print(f"{file}: {error}", file=sys.stderr)  # noqa: T201 - this program has no other voice
            faults += 1
            continue
        (found,) = model.run(None, {"images": seen[None]})[0]
        table.writerow([file, classes[found.argmax()], *(f"{share:.6f}" for share in found)])
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
