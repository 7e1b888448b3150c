"""Findings of the data audit: which samples, why they are listed, and what a person can do about them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from data.stores.dataset import Dataset
from data.stores.manifest import LABEL
from evaluation.audit.near_duplicates import GROUPS, SPLITS

KEEP_FIRST = ("test", "val", "train")  # of two copies the one that evidence rests on stays
LINKED = 8


@dataclass(frozen=True)
class Sample:
    """One sample as the manifests know it; `place` is its row in the processed one."""

    place: int
    hash: str
    path: str
    source: str
    split: str
    group: str
    label: str


@dataclass(frozen=True)
class Finding:
    """One or two samples, why they are listed and what to do; `suggested` is the label in the place of the first's."""

    samples: tuple[Sample, ...]
    score: float
    why: str
    action: str
    suggested: str = ""


class Samples:
    """The samples of a domain by their place in the processed manifest."""

    def __init__(self, domain: str, dataset: Dataset, accepted: pd.DataFrame) -> None:
        self.domain, self.dataset, self.accepted = domain, dataset, accepted

    @cached_property
    def _rows(self) -> list[dict[Any, Any]]:
        paths = self.accepted[["hash", "path", "source"]].drop_duplicates("hash")
        columns = ["hash", "split", "group", LABEL + self.dataset.headline]
        rows = self.dataset.manifest[columns].merge(paths, on="hash", how="left").fillna("unknown")
        return rows.rename(columns={LABEL + self.dataset.headline: "label"}).to_dict("records")

    def __getitem__(self, place: int) -> Sample:
        return Sample(place=int(place), **self._rows[place])


def duplicate_finding(samples: Samples, pair: Any) -> Finding:
    """A row of `NearDuplicates.pairs`."""
    both = (samples[pair.first], samples[pair.second])
    kept, other = sorted(both, key=lambda sample: KEEP_FIRST.index(sample.split))
    again = f"then run regraft prepare {samples.domain}"
    if pair.labels_differ:
        labels = f"{kept.label} or {other.label}"
        action = f"If it is one thing with two labels, {labels} is wrong: correct it, {again}."
    elif pair.relation == SPLITS:
        action = f"If it is one thing: take the copy in {other.split} ({other.path}) out of the source, {again}."
    elif pair.relation == GROUPS:
        action = "Give both one group in the source before more of them come; what is split keeps its split."
    else:
        action = "None needed; take one out of the source if there are many of them."
    why = f"pixels {pair.pixels:.3f}, features {pair.cosine:.3f}, {pair.relation}"
    return Finding(both, round(float(pair.pixels), 4), why, action)


def label_finding(samples: Samples, row: Any) -> Finding:
    """A row of `LabelNoise.candidates`."""
    sample = samples[row.place]
    why = f"{sample.label} has probability {row.own_probability:.2f}, {row.suggested} {row.suggested_probability:.2f}"
    action = (
        f"If it is {row.suggested}: correct the label in the source, then run regraft prepare {samples.domain}. "
        "If it is not, leave it."
    )
    return Finding((sample,), round(1 - float(row.own_probability), 4), why, action, row.suggested)


def poison_finding(samples: Samples, row: Any) -> Finding:
    """A row of `PoisoningScreen.ranked`."""
    side = "above" if row.score > row.threshold else "below"
    far = f"{row.score:.1f} robust standard deviations from the middle of {row.label}"
    why = f"{far}, {side} the threshold of {row.threshold:.1f}"
    action = (
        "Look for a mark that other samples of the class lack. If there is one, take the sample out of the source and "
        "ask where it came from."
    )
    return Finding((samples[row.place],), round(float(row.score), 4), why, action)


def linked_groups(findings: Sequence[Finding]) -> str:
    """The pairs of groups that share the most findings: perhaps each is one group under two names."""
    groups = (tuple(sorted(sample.group for sample in finding.samples)) for finding in findings)
    counts = Counter(pair for pair in groups if len(set(pair)) > 1).most_common(LINKED)
    told = [f"{first} and {second} ({count})" for (first, second), count in counts if count > 1]
    return f"Groups that share most: {', '.join(told)}." if told else ""


def findings_table(title: str, findings: Sequence[Finding]) -> pd.DataFrame:
    """One row a finding in plain columns; those of a pair's second sample begin with `other_`."""
    rows = [
        {
            "finding": title,
            **_columns(finding.samples[0], ""),
            "suggested_label": finding.suggested,
            "score": finding.score,
            "why": finding.why,
            "action": finding.action,
            **_columns(finding.samples[-1] if len(finding.samples) > 1 else None, "other_"),
        }
        for finding in findings
    ]
    return pd.DataFrame(rows)


def _columns(sample: Sample | None, prefix: str) -> dict[str, str]:
    names = ("hash", "path", "source", "split", "group", "label")
    return {prefix + name: "" if sample is None else getattr(sample, name) for name in names}
