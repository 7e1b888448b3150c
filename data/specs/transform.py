"""A transform: a spec with what the backbone expects of it; its hash names what a prediction went through."""

import json
from abc import abstractmethod
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator, SerializeAsAny

from data.specs.spec import Array, Spec, digest
from settings.config import Config, Kind


class Transform(Config):
    """The base of all transforms: each names the kind of its sample, under which its spec stands in JSON."""

    kinds: ClassVar[dict[str, type["Transform"]]] = {}
    sample: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Notes a subclass under the kind of its sample; a variant that is derived from it later replaces none."""
        cls.kinds.setdefault(cls.sample, cls)

    @staticmethod
    def read(text: str) -> "Transform":
        """The transform that JSON describes.

        Raises:
            ValueError: it describes none that this release knows.
        """
        content = {key: value for key, value in json.loads(text).items() if key != "decoder"}
        kind = next((kind for kind in Transform.kinds if kind in content), None)
        if kind is None:
            raise ValueError(f"no spec of a known kind ({', '.join(Transform.kinds)}) among {', '.join(content)}")
        return Transform.kinds[kind].model_validate_json(json.dumps(content))

    @property
    def spec(self) -> Spec:
        """The spec."""
        found: Spec = getattr(self, self.sample)
        return found

    @property
    def hash(self) -> str:
        """sha256 of the canonical description, what the backbone expects included."""
        return digest(self)

    def decode(self, content: bytes, limit: int | None = None) -> Array:
        """The array of one sample's bytes.

        Raises:
            SampleError: the bytes are no usable sample.
        """
        return self.spec.decode(content, limit)


class BackboneInput(Kind):
    """What a backbone was pretrained on; the kind is that of the samples."""

    kinds: ClassVar[dict[str, Any]] = {}
    default_kind: ClassVar[str] = "image"

    kind: str

    @property
    @abstractmethod
    def length(self) -> int:
        """Side of an image, tokens of a text: the size that the backbone knows best."""

    @abstractmethod
    def transform(self, spec: Any) -> Transform:
        """A domain's spec with what this backbone expects."""


AnyInput: TypeAlias = Annotated[SerializeAsAny[BackboneInput], BeforeValidator(BackboneInput.chosen)]
