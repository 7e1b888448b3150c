"""The process of one explanation: `python -m serving.explaining.looking FOLDER`.

FOLDER is a package's, an image comes on standard input, and what goes to standard output is a line with the name of the
method and a PNG: the image, with heat where evidence for the decision lies. Where that cannot be told it ends with a
line that says why: with 2 where the bytes are no image, with 1 where the package or the machine is to blame.
"""

import io
import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from data.errors import SampleError
from registry.package.package import read_package
from settings.errors import RegraftError
from settings.machine import load_settings

HEAT, STRENGTH = (230, 60, 0), 0.65
SMALLEST = 256  # side of the picture, which people look at
MINE = 2  # exit code of a fault of the sample


def looked_at(folder: Path, content: bytes) -> tuple[str, bytes]:
    """The method, and the picture as a PNG.

    Raises:
        BackboneError: the project's hub does not know the backbone.
        PackageError: the package was altered, or its weights are of another network.
        SampleError: the bytes are no image.
    """
    package, settings = read_package(folder), load_settings()
    array = package.transform.decode(content, settings.serving.max_pixels)
    from lightning_modules.insight.saliency import explain  # brings torch
    from registry.package.restoring import restore_network

    method, (heat,) = explain(restore_network(settings.root, package), array[None])
    buffer = io.BytesIO()
    picture(package.transform.spec.thumbnails(array[None])[0], heat).save(buffer, "PNG")
    return method, buffer.getvalue()


def picture(image: npt.NDArray[np.uint8], heat: npt.NDArray[np.float32]) -> Image.Image:
    """An image [H, W, 1 or 3] in colours, under heat [H, W] of 0 to 1."""
    share = STRENGTH * heat[..., None]
    mixed = (1 - share) * np.broadcast_to(image, (*heat.shape, 3)) + share * np.array(HEAT)
    shown = Image.fromarray(mixed.round().astype(np.uint8))
    scale = -(-SMALLEST // min(heat.shape))
    return shown.resize((scale * shown.width, scale * shown.height), Image.Resampling.NEAREST)


def main() -> int:
    """Explains one image, after all that have more to do on this machine."""
    os.nice(10)
    try:
        method, content = looked_at(Path(sys.argv[1]), sys.stdin.buffer.read())
    except RegraftError as error:
        sys.stderr.write(str(error))
        return MINE if isinstance(error, SampleError) else 1
    sys.stdout.buffer.write(method.encode() + b"\n" + content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
