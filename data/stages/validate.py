"""Validate: accepted rows go on, bad rows go to quarantine with their reasons; `python -m data.stages.validate DOMAIN`.

A DVC stage: it reads the raw manifest and writes data/validated/DOMAIN. The report page lies outside DVC, so that it is
there when the batch was refused, too.
"""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from data.config import DataConfig, load_data_config
from data.errors import ValidationError
from data.stages.expectations import Verdict, judge_batch, judge_rows
from data.stages.report import write_report
from data.stores.atomic import write_text
from data.stores.manifest import LABEL, SLICE, raw_manifest_path, read_table, validated_folder, write_table
from settings.entry import stage_main
from settings.machine import load_settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ValidationReport:
    """Outcome of one validation."""

    total: int
    accepted: int
    duplicates: int
    quarantine: dict[str, str]
    classes: dict[str, int]
    verdicts: list[Verdict]

    @property
    def failures(self) -> list[str]:
        """Why the batch must not go on; empty when it may."""
        names = list(self.classes)
        return [
            f"class {names[row]!r} has {reason}" if verdict.column == "accepted" else reason
            for verdict in self.verdicts
            if verdict.column in {"accepted", "quarantined"}
            for row, reason in zip(verdict.rows, verdict.reasons, strict=True)
        ]


def report_page(root: Path, name: str) -> Path:
    """Path of the report page."""
    return root / ".regraft" / "reports" / name / "validation.html"


def validate(root: Path, name: str, config: DataConfig) -> ValidationReport:
    """Judges the raw manifest, writes accepted.parquet, quarantine.parquet, validation.json and the report page.

    Raises:
        ValidationError: too many bad rows, or too few samples of a class; nothing but the page is written.
    """
    raw = read_table(raw_manifest_path(root, name))
    table = _prepared(raw, LABEL + config.task, config.classes)
    verdicts = judge_rows(table, config)
    reasons = _reasons(verdicts)
    accepted = table.drop(index=list(reasons)).drop_duplicates("hash")
    classes = accepted[LABEL + config.task].value_counts().reindex(config.classes, fill_value=0)
    counts = pd.DataFrame({"class": classes.index, "accepted": classes.to_numpy()})
    verdicts += judge_batch(counts, len(table) - len(reasons), len(table), config)
    report = ValidationReport(
        total=len(table),
        accepted=len(accepted),
        duplicates=len(table) - len(reasons) - len(accepted),
        quarantine={table["path"][row]: "; ".join(why) for row, why in reasons.items()},
        classes={str(label): int(count) for label, count in classes.items()},
        verdicts=verdicts,
    )
    write_report(report_page(root, name), name, report)
    _stop_on(report, name, report_page(root, name))
    _write(validated_folder(root, name), table, accepted, reasons, report)
    return report


def _prepared(raw: pd.DataFrame, label: str, classes: tuple[str, ...]) -> pd.DataFrame:
    """The manifest with what a rule cannot see in one row: conflicting labels, groups in several given splits.

    An unknown label is no rival of a known one: it condemns its own row only.
    """
    slices = [column for column in raw.columns if column.startswith(SLICE)]
    table = raw.astype({"error": object, label: object, "split": object})
    table[slices] = table[slices].fillna("unknown")
    known = table[table[label].isin(classes)]
    rivals = known.groupby("hash")[label].unique()
    rivals = rivals[rivals.str.len() > 1].map(lambda found: " and ".join(sorted(found)))
    table["conflict"] = table["hash"].map(rivals).astype(object)
    splits = table.groupby("group")["split"].nunique()
    table["leak"] = table["group"].where(table["group"].map(splits) > 1)
    return table


def _reasons(verdicts: list[Verdict]) -> dict[int, list[str]]:
    reasons: dict[int, list[str]] = {}
    for verdict in verdicts:
        for row, reason in zip(verdict.rows, verdict.reasons, strict=True):
            reasons.setdefault(row, []).append(reason)
    return dict(sorted(reasons.items()))


def _stop_on(report: ValidationReport, name: str, page: Path) -> None:
    if report.failures:
        rule = "raise or lower data.expectations, add samples or drop the class"
        raise ValidationError(f"batch of {name!r} refused: {'; '.join(report.failures)}; {rule}; see {page}")


def _write(
    folder: Path, table: pd.DataFrame, accepted: pd.DataFrame, reasons: dict[int, list[str]], report: ValidationReport
) -> None:
    kept = [column for column in table.columns if column not in {"stamp", "time", "conflict", "leak", "error"}]
    quarantine = table.loc[list(reasons), ["path", "source", "hash"]].assign(
        reason=["; ".join(why) for why in reasons.values()]
    )
    write_table(folder / "accepted.parquet", accepted[kept])
    write_table(folder / "quarantine.parquet", quarantine)
    write_text(folder / "validation.json", json.dumps(asdict(report), indent=1, sort_keys=True))


def load_validation(root: Path, name: str) -> ValidationReport:
    """Reads the outcome back from the stage's output."""
    content = json.loads((validated_folder(root, name) / "validation.json").read_text(encoding="utf-8"))
    return ValidationReport(**{**content, "verdicts": [Verdict(**verdict) for verdict in content["verdicts"]]})


def main(name: str) -> None:
    """Validates one domain."""
    root = load_settings().root
    report = validate(root, name, load_data_config(root, name))
    log.info("validate %s: %d accepted, %d quarantined", name, report.accepted, len(report.quarantine))


if __name__ == "__main__":
    stage_main(main)
