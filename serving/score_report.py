"""What a batch of scored files came to: counts a class and a slice, and the files that failed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Outcome:
    """What came of one file: the predicted class, or the reason why there is none."""

    path: str
    predicted: str | None
    error: str | None


@dataclass(frozen=True)
class ScoreReport:
    """What one call of `score_files` did.

    `predicted` counts the scored files a class, `failures` holds the outcomes with an error. `slices` has one row a
    slice value: column, value, samples, undecodable and one count a class; it has no rows if no slices were given.
    `logged` files count as traffic.
    """

    domain: str
    version: int
    samples: int
    predicted: dict[str, int]
    failures: tuple[Outcome, ...]
    slices: pd.DataFrame
    logged: int = 0


def summarise(
    domain: str,
    version: int,
    outcomes: Sequence[Outcome],
    classes: Sequence[str],
    slices: Mapping[str, Sequence[str]],
) -> ScoreReport:
    """Counts `outcomes` as a whole and a slice; every slice column has one value an outcome."""
    counts: list[dict[str, str | int]] = []
    for column, values in slices.items():
        for value in sorted(set(values)):
            members = [outcome for outcome, own in zip(outcomes, values, strict=True) if own == value]
            counts.append({"column": column, "value": value, **_count(members, classes)})
    return ScoreReport(
        domain=domain,
        version=version,
        samples=len(outcomes),
        predicted=_classes(outcomes, classes),
        failures=tuple(outcome for outcome in outcomes if outcome.error is not None),
        slices=pd.DataFrame(counts, columns=["column", "value", "samples", "undecodable", *classes]),
    )


def _count(outcomes: Sequence[Outcome], classes: Sequence[str]) -> dict[str, int]:
    failed = sum(outcome.error is not None for outcome in outcomes)
    return {"samples": len(outcomes), "undecodable": failed, **_classes(outcomes, classes)}


def _classes(outcomes: Sequence[Outcome], classes: Sequence[str]) -> dict[str, int]:
    total = Counter(outcome.predicted for outcome in outcomes)
    return {name: total[name] for name in classes}
