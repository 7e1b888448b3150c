"""One request and what is said of it: to the caller, and to the log."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from data.errors import SampleError
from serving.asking import Asked
from serving.engine.answers import Answer
from serving.engine.batcher import Decodes
from serving.errors import ModelFaultError
from serving.log.schema import Prediction, told
from serving.slot import Served

Role = Literal["champion", "canary", "shadow"]


def _name() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Said:
    """What a version says of one sample: an answer, or why there is none.

    Attributes:
        id: names the prediction, in the log as well.
        served: which version said it.
        answer: None where the sample, or the model on it, has a fault.
        error: the fault in one line; empty where there is an answer.
        faulty: whether the fault is the model's.
        abstained: whether no class is named, as none is likely enough.
    """

    id: str
    served: Served
    answer: Answer | None
    error: str = ""
    faulty: bool = False
    abstained: bool = False

    @property
    def label(self) -> str | None:
        """The class that callers are told, if there is one."""
        return None if self.answer is None or self.abstained else self.answer.predicted


@dataclass(frozen=True)
class Request:
    """The samples of a request and who asks; `id` names it, and its predictions by their place.

    `decodes` are kept where several versions are asked.
    """

    domain: str
    contents: Sequence[bytes]
    asked: Asked
    decodes: Decodes | None = None
    id: str = field(default_factory=_name)

    @cached_property
    def hashes(self) -> list[str]:
        """SHA-256 of each sample: once, for all versions that are asked."""
        return [hashlib.sha256(content).hexdigest() for content in self.contents]

    def said(self, served: Served, found: Sequence[Answer | BaseException], abstain_below: float) -> list[Said]:
        """What a version says of each sample; no class that is less likely than `abstain_below`."""
        return [_said(f"{self.id}-{place}", served, one, abstain_below) for place, one in enumerate(found)]

    def rows(self, said: Sequence[Said], role: Role, seconds: float) -> list[Prediction]:
        """The same for the log; a sample that both versions were asked about has one id."""
        several = len(self.contents) > 1
        return [
            replace(
                _row(digest, one),
                key=f"{self.asked.key}-{place}" if self.asked.key and several else self.asked.key or None,
                group=self.asked.group or None,
                session=self.asked.session or None,
                slot=role,
                latency_ms=1000 * seconds,
            )
            for place, (digest, one) in enumerate(zip(self.hashes, said, strict=True))
        ]


def _said(name: str, served: Served, found: Answer | BaseException, abstain_below: float) -> Said:
    if isinstance(found, Answer):
        return Said(name, served, found, abstained=found.confidence < abstain_below)
    known = isinstance(found, SampleError | ModelFaultError)
    return Said(name, served, None, str(found) if known else "it cannot be read", isinstance(found, ModelFaultError))


def _row(digest: str, said: Said) -> Prediction:
    transform = said.served.package.transform
    row = Prediction(datetime.now(UTC), said.served.version, transform.hash, digest, f"request/{said.id}", id=said.id)
    if said.answer is None:
        return replace(row, error=said.error)
    return told(row, said.answer, abstained=said.abstained)
