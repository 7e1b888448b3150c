"""The model hub: which pretrained backbones there are, where their weights come from, and that they are unaltered."""

import hashlib
import importlib.util
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import Field, RootModel

from data.specs.spec import Spec
from data.specs.transform import AnyInput, Transform
from lightning_modules.errors import BackboneError
from settings.config import Config
from settings.yaml_files import load_yaml

# Part of every key of cached activations: raise it when the code gives other ones for the same image.
ACTIVATIONS = 1


class PackageWeights(Config):
    """A file inside an installed Python package."""

    kind: Literal["package"]
    package: str = Field(description="import name")
    file: str = Field(description="path inside the package")

    def locate(self, root: Path, revision: str) -> Path:
        """Path of the file; it may not exist."""
        found = importlib.util.find_spec(self.package)
        if found is None or found.origin is None:
            raise BackboneError(f"the package {self.package} is not installed; run `make .venv` or install it with pip")
        return Path(found.origin).parent / self.file


class FileWeights(Config):
    """A file of the user's own."""

    kind: Literal["file"]
    file: str = Field(description="path; relative to the project root or absolute")

    def locate(self, root: Path, revision: str) -> Path:
        """Path of the file; it may not exist."""
        return root / self.file


class HuggingFaceWeights(Config):
    """A file of a Hugging Face repository, fetched once and then read from the hub's own cache."""

    kind: Literal["huggingface", "timm"] = Field(description="`timm` is its name in hubs of earlier releases")
    repository: str = Field(description="owner/name")
    file: str = Field("model.safetensors", description="file in the repository")

    def locate(self, root: Path, revision: str) -> Path:
        """Path of the downloaded file.

        Raises:
            BackboneError: it is not in the cache and cannot be downloaded.
        """
        from huggingface_hub import hf_hub_download  # only this source needs the network client

        try:
            return Path(hf_hub_download(self.repository, self.file, revision=revision))
        except (OSError, ValueError) as error:
            raise BackboneError(
                f"{self.repository}@{revision}: not in the hub's cache and no download ({type(error).__name__}); "
                "connect once, or put the file on disk and use a source of kind `file`"
            ) from error


class Backbone(Config):
    """One entry of the hub."""

    library: str = Field("timm", description="the library that builds the network")
    architecture: str = Field(description="the library's name of the network")
    source: PackageWeights | FileWeights | HuggingFaceWeights = Field(discriminator="kind")
    revision: str = Field(description="version of the weights")
    licence: str = Field(description="SPDX identifier")
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="of the weight file")
    input: AnyInput

    def verified(self, root: Path, name: str) -> "Pretrained":
        """This backbone with its weights at hand, checked against the hub's sha256.

        Raises:
            BackboneError: the file is missing or altered.
        """
        path = self.source.locate(root, self.revision)
        if not path.is_file():
            raise BackboneError(f"weights of {self.architecture} are missing: {path}; install or restore the file")
        found = _sha256(path, path.stat().st_mtime_ns)
        if self.sha256 not in {None, found}:
            raise BackboneError(
                f"{path} has sha256 {found[:12]}…, the hub says {str(self.sha256)[:12]}…; restore the file"
            )
        return Pretrained(name=name, card=self, path=str(path), sha256=found)


class Pretrained(Config):
    """A backbone whose weights were found and checked: resolved once in a run, and passed whole."""

    name: str = Field(description="its name in the hub")
    card: Backbone
    path: str = Field(description="the weight file")
    sha256: str = Field(description="of the weight file, as it was found")

    def transform(self, spec: Spec) -> Transform:
        """The domain's spec with what this backbone expects."""
        return self.card.input.transform(spec)

    def key(self, spec: Spec) -> str:
        """Names everything that decides an activation: code, network, weights and transform."""
        transform = self.transform(spec).hash
        parts = (ACTIVATIONS, version(self.card.library), self.card.architecture, self.sha256, transform)
        return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:24]


def load_pretrained(root: Path, name: str) -> Pretrained:
    """The backbone of that name with its weights, checked.

    Raises:
        BackboneError: it is not in the hub, or its weights are missing or altered.
        ConfigError: backbones.yaml has a wrong key or value.
    """
    return load_backbone(root, name).verified(root, name)


def load_backbone(root: Path, name: str) -> Backbone:
    """The entry of that name, from the shipped hub or the project's backbones.yaml.

    Raises:
        BackboneError: there is none.
        ConfigError: backbones.yaml has a wrong key or value.
    """
    hub = load_hub(root)
    if name not in hub:
        raise BackboneError(
            f"backbone {name!r} is not in the hub (there: {', '.join(hub)}); correct it or add it to backbones.yaml"
        )
    return hub[name]


def load_hub(root: Path) -> dict[str, Backbone]:
    """Every backbone, the project's own last."""
    files = [Path(__file__).with_name("hub.yaml"), root / "backbones.yaml"]
    return {
        name: card
        for file in files
        if file.exists()
        for name, card in load_yaml(file, RootModel[dict[str, Backbone]]).root.items()
    }


@cache
def _sha256(path: Path, changed: int) -> str:
    """sha256 of a file; `changed` makes the memory forget a file that was written again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
