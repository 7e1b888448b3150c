"""A spec: what a sample is, and how its bytes become an array in training, evaluation, drift and serving alike."""

import hashlib
from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field, SerializeAsAny

from data.rule import Rule
from settings.config import Config, Kind

if TYPE_CHECKING:
    import pandas as pd

Array: TypeAlias = npt.NDArray[Any]
Thumbnail: TypeAlias = npt.NDArray[np.uint8]

# Part of every hash and of params.yaml: raise it when a spec's code gives another array for the same bytes, and every
# domain is decoded anew.
DECODER_VERSION = 1


class Expectations(Config):
    """Bounds that a batch must keep whatever its samples are; each kind of sample adds bounds for a row."""

    facts: ClassVar[tuple[str, ...]] = ()

    max_quarantined: float = Field(0.1, ge=0, le=1, description="largest share of bad rows before the batch is stopped")
    min_per_class: int = Field(3, ge=3, description="fewest accepted samples of a class: one for each split")

    @property
    def limit(self) -> int:
        """The largest sample that is decoded, in the unit of its kind."""
        raise NotImplementedError

    def rules(self) -> list[Rule]:
        """What the facts of a sample must keep; `facts` names them."""
        raise NotImplementedError


class Spec(Kind):
    """How the bytes of a sample become an array of one shape; a new kind is a subclass in a file of its own."""

    kinds: ClassVar[dict[str, Any]] = {}
    default_kind: ClassVar[str] = "image"
    expectations: ClassVar[type[Expectations]]
    measures: ClassVar[tuple[str, ...]]
    outside: ClassVar[tuple[str, ...]] = ()
    input_name: ClassVar[str] = "inputs"
    pixels: ClassVar[bool] = False

    kind: str

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of its numbers."""
        return np.dtype(np.uint8)

    @property
    def watched(self) -> tuple[str, ...]:
        """Names of all facts that drift watches."""
        return *self.measures, *self.outside

    @property
    def hash(self) -> str:
        """sha256 of the canonical description."""
        return digest(self)

    @property
    @abstractmethod
    def words(self) -> str:
        """What the network sees, for people: the end of "It sees …"."""

    def example(self) -> Array:
        """One array without content, to try a network on."""
        return np.zeros(self.shape, self.dtype)

    @abstractmethod
    def decode(self, content: bytes, limit: int | None = None) -> Array:
        """The array of one sample's bytes; `limit` refuses larger ones before they are decoded.

        Raises:
            SampleError: the bytes are no usable sample of this kind.
        """

    @abstractmethod
    def encode(self, array: Array) -> bytes:
        """Bytes of which `decode` makes just this array."""

    @property
    def reading(self) -> str:
        """Names whatever of the spec the facts depend on: with another one the samples are read again."""
        return ""

    @abstractmethod
    def facts(self, content: bytes, limit: int) -> dict[str, Any]:
        """What validation wants to know of one sample, by name: `error` (None, or why it cannot be decoded) and others.

        They are facts of the bytes and, but for `reading`, not of the spec, so that another size needs no sample to be
        read again.
        """

    def notices(self, facts: "pd.DataFrame") -> list[str]:
        """What a person should know of samples with these facts before training on them."""
        return []

    @abstractmethod
    def measure(self, arrays: Array) -> dict[str, npt.NDArray[np.float64]]:
        """Facts of arrays [N, ...] that drift watches, one number [N] each, under the names in `measures`."""

    def look(self, content: bytes) -> dict[str, float]:
        """Facts of the bytes that drift watches, under the names in `outside`, without decoding them; {}: no sample."""
        return {}

    def recall(self, manifest: "pd.DataFrame") -> dict[str, npt.NDArray[np.float64]]:
        """The same of samples in the manifest, as validation has kept them; {} where an earlier release has not."""
        return {}

    @abstractmethod
    def thumbnails(self, arrays: Array) -> Thumbnail:
        """Arrays [N, ...] as pictures for people: uint8 [N, H, W, 1 or 3]."""


def digest(spec: Config) -> str:
    """sha256 of a description and of the code that follows it."""
    return hashlib.sha256(f"{DECODER_VERSION}:{spec.model_dump_json()}".encode()).hexdigest()


def recorded(spec: Config) -> dict[str, Any]:
    """A spec or transform as it is kept beside what it made, with the version of the code where it is not the first."""
    version = {} if DECODER_VERSION == 1 else {"decoder": DECODER_VERSION}
    return {**version, **spec.model_dump(mode="json")}


AnySpec: TypeAlias = Annotated[SerializeAsAny[Spec], BeforeValidator(Spec.chosen)]
