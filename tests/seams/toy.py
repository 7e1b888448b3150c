"""A kind of sample, of task and of network that Regraft has never seen; each joins by being defined."""

import hashlib
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from data.errors import SampleError
from data.rule import Rule, between
from data.specs.spec import Expectations, Spec
from data.specs.transform import BackboneInput, Transform
from data.targets.task import Task
from lightning_modules.errors import RecipeError
from lightning_modules.hub.weights import read_weights, tensors_for
from lightning_modules.network.adapter import Adapter
from lightning_modules.objectives.objective import Objective, TaskHead

WORDS = 64  # the vocabulary


class SentenceExpectations(Expectations):
    """Bounds of a text."""

    facts: ClassVar[tuple[str, ...]] = ("count",)
    least: int = 1
    most: int = 1000

    @property
    def limit(self) -> int:
        """Bytes."""
        return self.most

    def rules(self) -> list[Rule]:
        """Enough words."""
        return [between("count", "{value:.0f} words are under " + str(self.least), least=self.least)]


class SentenceSpec(Spec):
    """A text as the numbers of its first words: int64 [length], 0 where it has ended."""

    expectations: ClassVar[type[Expectations]] = SentenceExpectations
    measures: ClassVar[tuple[str, ...]] = ("words",)
    input_name: ClassVar[str] = "ids"
    kind: Literal["sentence"] = "sentence"
    length: int = 8

    @property
    def shape(self) -> tuple[int]:
        """Words."""
        return (self.length,)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Numbers of words."""
        return np.dtype(np.int64)

    @property
    def words(self) -> str:
        """For the card."""
        return f"the first {self.length} words"

    def decode(self, content: bytes, limit: int | None = None) -> Any:
        """The numbers of the words."""
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise SampleError("no text; replace it") from error
        ids = [int(word) if word.isdigit() else _number(word) for word in text.split()[: self.length]]
        return np.array(ids + [0] * (self.length - len(ids)), np.int64)

    def encode(self, array: Any) -> bytes:
        """Numbers are their own words."""
        return " ".join(map(str, array)).encode()

    def facts(self, content: bytes, limit: int) -> dict[str, Any]:
        """How many words there are."""
        try:
            return {"error": None, "count": len(content.decode().split())}
        except UnicodeDecodeError:
            return {"error": "no text; replace it", "count": 0}

    def measure(self, arrays: Any) -> dict[str, Any]:
        """Words that are there."""
        return {"words": (arrays > 0).sum(axis=1).astype(np.float64)}

    def thumbnails(self, arrays: Any) -> Any:
        """One grey column a word."""
        grey = (arrays * 255 // WORDS).astype(np.uint8)
        return np.repeat(grey[:, None, :, None], 8, axis=1)


class SentenceTransform(Transform):
    """Nothing but the spec."""

    sample: ClassVar[str] = "sentence"
    sentence: SentenceSpec


class SentenceInput(BackboneInput):
    """What the toy network was made for."""

    kind: Literal["sentence"] = "sentence"

    @property
    def length(self) -> int:
        """Words."""
        return 8

    def transform(self, spec: SentenceSpec) -> SentenceTransform:
        """The spec."""
        return SentenceTransform(sentence=spec)


class AmountTask(Task):
    """A number is asked for."""

    output: ClassVar[str] = "amount"
    kind: Literal["amount"] = "amount"

    @property
    def columns(self) -> tuple[str, ...]:
        """One."""
        return ("amount",)

    def rules(self, column: str) -> list[Rule]:
        """A number."""
        return [
            Rule("expect_column_values_to_match_regex", {"column": column, "regex": r"^\d+(?:\.\d+)?$"}, "no number")
        ]

    def known(self, answers: "pd.Series[Any]") -> "pd.Series[bool]":
        """Numbers."""
        return pd.to_numeric(answers, errors="coerce").notna()

    def encode(self, answers: "pd.Series[Any]") -> Any:
        """float32 [N, 1]."""
        return answers.astype(float).to_numpy(np.float32)[:, None]

    def strata(self, answers: "pd.Series[Any]") -> "pd.Series[str]":
        """Large and small."""
        return (answers.astype(float) > answers.astype(float).median()).astype(str)

    def counts(self, answers: "pd.Series[Any]") -> "pd.Series[int]":
        """No number must occur."""
        return pd.Series(dtype="int64")


class _AmountHead(TaskHead):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, 1)

    def clear(self) -> None:
        """Starts from zero."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: Tensor) -> Tensor:
        found: Tensor = self.linear(features)
        return found


class _WeightedSquares(nn.Module):
    def forward(self, logits: Tensor, targets: Tensor, weights: Tensor, total: Tensor) -> Tensor:
        squares: Tensor = ((logits - targets).square().sum(1) * weights).sum() / total
        return squares


class AmountObjective(Objective, kind="amount"):
    """Least squares."""

    figure, mixes, calibrates = "mae", True, False

    def head(self, features: int, style: str = "linear", dropout: float = 0.0) -> TaskHead:
        """A line."""
        return _AmountHead(features)

    def check(self, targets: Tensor) -> None:
        """Any numbers will do."""

    def prepare_head(self, head: nn.Module, train: Any, held: Any) -> None:
        """It starts as it is."""

    def balance(self, targets: Tensor, weights: Tensor) -> Tensor:
        """Numbers have no frequencies."""
        raise RecipeError("amounts cannot be balanced; set recipe.balance to none")

    def chances(self, targets: Tensor, balance: Tensor) -> Tensor:
        """Never asked."""
        return balance

    def criterion(self, smoothing: float, focal: float, balance: Tensor | None) -> nn.Module:
        """Squares."""
        return _WeightedSquares()

    def blendable(self, targets: Tensor) -> Tensor:
        """Numbers are."""
        return targets

    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Squares."""
        return (logits - targets).square().sum(1)

    def figures(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Absolute errors."""
        return (logits - targets).abs().sum(1)

    def answer(self, logits: Tensor, temperature: Tensor) -> Tensor:
        """The number."""
        return logits


class Bag(nn.Module):
    """The mean of word vectors, and one layer."""

    def __init__(self) -> None:
        super().__init__()
        self.vectors = nn.Embedding(WORDS + 1, 16)
        self.layer = nn.Linear(16, 16)


class BagAdapter(Adapter, library="torch"):
    """Two stages."""

    def create(self, card: Any, transform: Transform | None = None, drop_path: float = 0.0) -> nn.Module:
        """The network."""
        return Bag()

    def load_weights(self, backbone: nn.Module, path: Path) -> None:
        """By name."""
        backbone.load_state_dict(tensors_for(dict(backbone.state_dict()), read_weights(path)))

    def prepare(self, transform: Transform) -> nn.Module:
        """Numbers of words are what it takes."""
        return nn.Identity()

    def features(self, backbone: nn.Module) -> int:
        """Length of the embedding."""
        return 16

    def steps(self, backbone: Any) -> Any:
        """Vectors, layer."""
        return [
            ("vectors", lambda ids: backbone.vectors(ids).mean(1)),
            ("layer", lambda mean: torch.relu(backbone.layer(mean))),
        ]

    def parameter_stages(self, backbone: nn.Module) -> dict[str, int]:
        """By name."""
        return {name: int(name.startswith("layer")) for name, _ in backbone.named_parameters()}

    def maps(self, backbone: nn.Module) -> list[tuple[str, int]]:
        """None."""
        return []

    def synchronised(self, backbone: nn.Module) -> nn.Module:
        """It has no norms."""
        return backbone


def _number(word: str) -> int:
    return 1 + int(hashlib.sha256(word.encode()).hexdigest(), 16) % WORDS
