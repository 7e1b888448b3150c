"""The data audit: near-duplicates, label noise and a poisoning screen on one data set, as lists to act on.

It judges data and not models, so it may look at every split. Nothing that it finds flows back by itself.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.audit.findings import Finding, Samples, duplicate_finding, label_finding, linked_groups, poison_finding
from evaluation.audit.label_noise import Labels, find_label_noise
from evaluation.audit.near_duplicates import COSINE, PIXELS, RELATIONS, NearDuplicates, find_near_duplicates
from evaluation.audit.poisoning import ALWAYS, FEWEST, screen_poisoning
from evaluation.errors import EvaluationError

Watch = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
LABELS, POISON = "label noise", "poisoning screen"
LIMITS = (
    "Spectral signatures of each class in the frozen backbone's features. They show a trigger that changes what the "
    "backbone sees; a very small one they miss, so an empty list is no proof."
)
ABOUT = {
    RELATIONS[0]: "Almost the same image in two splits: what is learned from one flatters the result on the other.",
    RELATIONS[1]: "Almost the same image under two groups of one split. The next new samples of such groups may be "
    "split between training and test.",
    RELATIONS[2]: "Almost the same image twice in one group, which no split cuts through. They leak nothing, but "
    "count twice.",
    LABELS: "The label that a linear model, which saw neither the sample nor its group, confidently contradicts.",
    POISON: "What stands far out of its own class. A planted trigger does; so does a rare but honest sample.",
}


@dataclass(frozen=True)
class Section:
    """One ranked list: how many findings there are, the findings (all, or the first of them), and what to know."""

    title: str
    about: str
    notes: tuple[str, ...]
    total: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Audit:
    """Every section, and the checks that could not be made with the reason."""

    domain: str
    version: str
    samples: int
    sections: tuple[Section, ...]
    left_out: dict[str, str]


def audit(samples: Samples, features: npt.NDArray[np.float32], *, version: str, seed: int, watch: Watch) -> Audit:
    """Audits the samples of a data set version; their `features` [N, D] are in the order of its manifest.

    `watch` takes a check's name and gives the function that is told of its progress. A check that the data do not
    allow is left out with its reason.

    Raises:
        StorageError: a shard is missing or damaged.
    """
    dataset = samples.dataset
    sections: list[Section] = []
    left_out: dict[str, str] = {}
    with watch("near duplicates") as progress:
        sections += _duplicate_sections(samples, find_near_duplicates(dataset, features, progress))
    try:
        with watch(LABELS) as progress:
            sections.append(_label_section(samples, features, seed, progress))
    except EvaluationError as error:
        left_out[LABELS] = str(error)
    with watch(POISON) as progress:
        sections.append(_poison_section(samples, features, progress))
    return Audit(samples.domain, version, len(dataset.manifest), tuple(sections), left_out)


def _duplicate_sections(samples: Samples, found: NearDuplicates) -> list[Section]:
    """One section for each relation, leaks first."""
    rule = f"Listed: cosine of the centred features at least {max(COSINE, found.floor):.2f}, pixels at least {PIXELS}."
    cut = f"Only the {found.candidates} most alike pairs were compared by pixels." if found.floor > COSINE else ""
    sections = []
    for relation in RELATIONS:
        pairs = found.pairs[found.pairs["relation"] == relation]
        findings = tuple(duplicate_finding(samples, row) for row in pairs.itertuples(index=False))
        differ = f"{int(pairs['labels_differ'].sum())} of the {len(pairs)} pairs have two labels." if len(pairs) else ""
        notes = (rule, cut, differ, linked_groups(findings))
        sections.append(_section(f"near-duplicates {relation}", ABOUT[relation], notes, findings))
    return sections


def _label_section(
    samples: Samples, features: npt.NDArray[np.float32], seed: int, progress: Callable[[int, int], None]
) -> Section:
    dataset, rows = samples.dataset, samples.dataset.manifest
    groups, weights = rows["group"].to_numpy(str), rows["weight"].to_numpy(np.float64)
    labels = Labels(dataset.labels(rows), groups, weights, dataset.classes)
    found = find_label_noise(features, labels, seed=seed, progress=progress)
    findings = tuple(label_finding(samples, row) for row in found.candidates.itertuples(index=False))
    by_split = rows["split"].iloc[found.candidates["place"]].value_counts()
    agrees = (
        f"The model agrees with {found.accuracy:.1%} of all labels over {found.folds} folds: the lower that is, the "
        "more of the listed samples are hard and not wrong. The first are the likeliest."
    )
    listed = ", ".join(f"{count} in {split}" for split, count in by_split.items())
    notes = (agrees, f"Listed: {listed}." if listed else "")
    return _section(LABELS, ABOUT[LABELS], notes, findings)


def _poison_section(
    samples: Samples, features: npt.NDArray[np.float32], progress: Callable[[int, int], None]
) -> Section:
    dataset = samples.dataset
    found = screen_poisoning(features, dataset.labels(dataset.manifest), dataset.classes, progress)
    findings = tuple(poison_finding(samples, row) for row in found.ranked.itertuples(index=False))
    above = f"Above their class's threshold: {found.above}; the first {ALWAYS} of every class are listed in any case."
    few = f"Not screened, fewer than {FEWEST} samples: {', '.join(found.left_out)}." if found.left_out else ""
    return _section(POISON, ABOUT[POISON], (LIMITS, above, few), findings)


def _section(title: str, about: str, notes: tuple[str, ...], findings: tuple[Finding, ...]) -> Section:
    return Section(title, about, tuple(filter(None, notes)), len(findings), findings)
