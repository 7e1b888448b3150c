"""Judging a domain's YAML and source without training: what a retrain would take, leave out, or refuse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.naming import few
from data.stages.ingest import ingest
from data.stages.preprocess import planned_splits
from data.stages.report import report_page
from data.stages.splits import SPLITS
from data.stages.validate import check
from data.stores.manifest import SLICE, raw_manifest_path, read_table
from evaluation.inference.slices import chosen_slices
from lightning_modules.hub.backbones import load_backbone
from registry.ledger.leases import domain_lease
from registry.ledger.watch.withheld import withheld
from settings.errors import RegraftError
from settings.machine import load_settings
from tasks.domain import Domain, load_domain, require_purpose


@dataclass(frozen=True)
class Checked:
    """What a domain's source holds.

    Attributes:
        domain: its name.
        samples: rows of the source, without what is left out.
        accepted: different samples that training would see.
        copies: rows with the content of another one.
        classes: accepted samples of each class.
        given: rows that the source itself gives to a split.
        splits: accepted samples that each split would get; empty where the batch is refused.
        left_out: what lies among the samples and is none, one line a kind.
        quarantine: why rows are left out, one line a cause, with the remedy.
        notices: what a person should know besides.
        failures: why a retrain would be refused; empty: it would not.
        page: every rule and every row.
    """

    domain: str
    samples: int
    accepted: int
    copies: int
    classes: dict[str, int]
    given: dict[str, int]
    splits: dict[str, int]
    left_out: tuple[str, ...]
    quarantine: tuple[str, ...]
    notices: tuple[str, ...]
    failures: tuple[str, ...]
    page: str


def check_domain(name: str) -> Checked:
    """Reads what is new in the source and judges all of it.

    Raises:
        ConfigError: the YAML is wrong.
        SourceError: the source cannot be read, or has no samples.
        StorageError: the domain is being trained or prepared just now.
    """
    domain = load_domain(name)
    with domain_lease(name, "check"):
        read = ingest(domain.root, name, domain.data, withheld=withheld(load_settings().ledger, name))
        report, accepted = check(domain.root, name, domain.data)
        splits, faults = _foreseen(domain, accepted) if not report.failures else (None, [])
    table = read_table(raw_manifest_path(domain.root, name))
    return Checked(
        domain=name,
        samples=report.total,
        accepted=report.accepted,
        copies=report.duplicates,
        classes=report.classes,
        splits={} if splits is None else {split: int((splits == split).sum()) for split in SPLITS},
        given={str(split): int(count) for split, count in table["split"].value_counts().items()},
        left_out=read.notices,
        quarantine=tuple(report.causes),
        notices=(*report.notices, *([] if splits is None else _unjudged(domain, accepted, splits))),
        failures=(*report.failures, *faults),
        page=str(report_page(domain.root, name)),
    )


def _foreseen(domain: Domain, accepted: pd.DataFrame) -> tuple["pd.Series[str] | None", list[str]]:
    """The split of each sample, where that can be said, and what later steps of a retrain would refuse."""
    splits: list[pd.Series[str]] = []
    others = accepted[["group"]].assign(label=domain.data.answers(accepted))
    slices = accepted.filter(regex=f"^{SLICE}").rename(columns=lambda name: name.removeprefix(SLICE))
    steps: list[Callable[[], Any]] = [
        lambda: require_purpose(domain),
        lambda: splits.append(planned_splits(domain.root, domain.name, accepted, domain.data)),
        lambda: load_backbone(domain.root, domain.training.backbone),
        lambda: chosen_slices(slices, others, domain.evaluation),
    ]
    faults = [fault for step in steps for fault in _fault(step)]
    return (splits[0] if splits else None), faults


def _unjudged(domain: Domain, accepted: pd.DataFrame, splits: "pd.Series[str]") -> list[str]:
    """Which classes nothing would be known of: one line for each split that has none of them."""
    task, answers = domain.data.tasks[domain.data.headline], domain.data.answers(accepted)
    there = task.counts(answers)
    lines = {"val": "nothing is chosen or stopped by them", "test": "how good a version is at them stays unknown"}
    found = {split: task.counts(answers[splits == split]) for split in lines}
    return [
        f"no sample of {few(lacking)} is in {split}, so that {lines[split]}: add groups of them"
        for split, counts in found.items()
        if (lacking := [str(name) for name in there.index[(there > 0) & (counts == 0)]])
    ]


def _fault(step: Callable[[], Any]) -> list[str]:
    """Why a step would be refused; nothing where it would not."""
    try:
        step()
    except RegraftError as error:
        return [str(error)]
    return []
