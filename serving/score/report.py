"""What a batch of scored files came to: counts a class, and the files that failed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from serving.log.schema import Prediction

SHOWN = 100


@dataclass(frozen=True)
class Outcome:
    """A file that failed, and why."""

    path: str
    error: str


@dataclass(frozen=True)
class ScoreReport:
    """What one call of `score_files` did.

    Attributes:
        domain: whose champion.
        version: which.
        samples: files in all.
        predicted: scored files a class, of those that were told one.
        failed: files that have no answer.
        failures: the first of these.
        logged: files that count as traffic.
        abstained: files of which no class is likely enough.
    """

    domain: str
    version: int
    samples: int
    predicted: dict[str, int]
    failed: int
    failures: tuple[Outcome, ...]
    logged: int = 0
    abstained: int = 0


class Tally:
    """Counts rows as they come, of which it keeps none."""

    def __init__(self, classes: Sequence[str]) -> None:
        self.samples, self.failed, self.abstained = 0, 0, 0
        self._classes, self._predicted = classes, Counter[str]()
        self._failures: list[Outcome] = []

    def add(self, row: Prediction) -> None:
        """Counts a row."""
        self.samples += 1
        if row.abstained:
            self.abstained += 1
        elif row.predicted is not None:
            self._predicted[row.predicted] += 1
        if row.error is not None:
            self.failed += 1
            if len(self._failures) < SHOWN:
                self._failures.append(Outcome(row.path, row.error))

    def report(self, domain: str, version: int, *, logged: bool) -> ScoreReport:
        """What they came to."""
        predicted = {name: self._predicted[name] for name in self._classes}
        failures, traffic = tuple(self._failures), self.samples if logged else 0
        return ScoreReport(domain, version, self.samples, predicted, self.failed, failures, traffic, self.abstained)
