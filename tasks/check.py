"""Judging a domain's YAML and source without training: what a retrain would take, leave out, or refuse."""

from dataclasses import dataclass

from data.stages.ingest import ingest
from data.stages.report import report_page
from data.stages.validate import check
from data.stores.locks import domain_lock
from data.stores.manifest import raw_manifest_path, read_table
from tasks.domain import load_domain


@dataclass(frozen=True)
class Checked:
    """What a domain's source holds.

    Attributes:
        domain: its name.
        samples: rows of the source, without what is left out.
        accepted: different samples that training would see.
        classes: accepted samples of each class.
        splits: rows that the source itself gives to a split.
        left_out: what lies among the samples and is none, one line a kind.
        quarantine: why rows are left out, one line a cause, with the remedy.
        notices: what a person should know besides.
        failures: why a retrain would be refused; empty: it would not.
        page: every rule and every row.
    """

    domain: str
    samples: int
    accepted: int
    classes: dict[str, int]
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
        report = check(domain.root, name, domain.data)
    table = read_table(raw_manifest_path(domain.root, name))
    return Checked(
        domain=name,
        samples=report.total,
        accepted=report.accepted,
        classes=report.classes,
        splits={str(split): int(count) for split, count in table["split"].value_counts().items()},
        left_out=read.notices,
        quarantine=tuple(report.causes),
        notices=tuple(report.notices),
        failures=tuple(report.failures),
        page=str(report_page(domain.root, name)),
    )
