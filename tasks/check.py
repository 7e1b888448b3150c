"""Judging a domain's YAML and source without training: what a retrain would take, leave out, or refuse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.stages.ingest import ingest
from data.stages.preprocess import planned_splits
from data.stages.report import report_page
from data.stages.validate import check
from data.stores.locks import domain_lock
from data.stores.manifest import LABEL, SLICE, raw_manifest_path, read_table
from evaluation.inference.slices import chosen_slices
from lightning_modules.hub.backbones import load_backbone
from settings.errors import RegraftError
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
    with domain_lock(domain.home, name, "check"):
        read = ingest(domain.root, name, domain.data)
        report, accepted = check(domain.root, name, domain.data)
        splits, faults = _foreseen(domain, accepted) if not report.failures else ({}, [])
    table = read_table(raw_manifest_path(domain.root, name))
    return Checked(
        domain=name,
        samples=report.total,
        accepted=report.accepted,
        copies=report.duplicates,
        classes=report.classes,
        splits=splits,
        given={str(split): int(count) for split, count in table["split"].value_counts().items()},
        left_out=read.notices,
        quarantine=tuple(report.causes),
        notices=tuple(report.notices),
        failures=(*report.failures, *faults),
        page=str(report_page(domain.root, name)),
    )


def _foreseen(domain: Domain, accepted: pd.DataFrame) -> tuple[dict[str, int], list[str]]:
    """Sizes of the splits, and what later steps of a retrain would refuse."""
    splits: dict[str, int] = {}
    others = accepted[["group"]].assign(label=accepted[LABEL + domain.data.headline])
    slices = accepted.filter(regex=f"^{SLICE}").rename(columns=lambda name: name.removeprefix(SLICE))
    steps: list[Callable[[], Any]] = [
        lambda: require_purpose(domain),
        lambda: splits.update(planned_splits(domain.root, domain.name, accepted, domain.data)),
        lambda: load_backbone(domain.root, domain.training.backbone),
        lambda: chosen_slices(slices, others, domain.evaluation),
    ]
    return splits, [fault for step in steps for fault in _fault(step)]


def _fault(step: Callable[[], Any]) -> list[str]:
    """Why a step would be refused; nothing where it would not."""
    try:
        step()
    except RegraftError as error:
        return [str(error)]
    return []
