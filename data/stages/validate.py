"""Validate: accepted rows go on, bad rows go to quarantine with their reasons; `python -m data.stages.validate DOMAIN`.

A DVC stage: it reads the raw manifest and writes data/validated/DOMAIN. The report page lies outside DVC, so that it is
there when the batch was refused, too.
"""

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.config import DataConfig, load_data_config
from data.errors import ValidationError
from data.stages.expectations import Verdict, judge_batch, judge_rows
from data.stages.report import ValidationReport, report_page, write_report
from data.stores.atomic import write_text
from data.stores.manifest import LABEL, SLICE, raw_manifest_path, read_table, validated_folder, write_table
from settings.entry import stage_main
from settings.machine import load_settings

log = logging.getLogger(__name__)
SHOWN = 3  # causes in an error's one line
# The manifest, its accepted rows, the reasons against each other row, and the outcome.
Judged = tuple[pd.DataFrame, pd.DataFrame, dict[int, list[str]], ValidationReport]


def validate(root: Path, name: str, config: DataConfig) -> ValidationReport:
    """Judges the raw manifest, writes accepted.parquet, quarantine.parquet, validation.json and the report page.

    Raises:
        ValidationError: too many bad rows, or too few samples of a class; nothing but the page is written.
    """
    table, accepted, reasons, report = _judged(root, name, config)
    _stop_on(report, name, report_page(root, name))
    _write(validated_folder(root, name), table, accepted, reasons, report)
    return report


def check(root: Path, name: str, config: DataConfig) -> tuple[ValidationReport, pd.DataFrame]:
    """Judges the raw manifest and writes the report page alone, whatever the batch is like; also the accepted rows."""
    _, accepted, _, report = _judged(root, name, config)
    return report, accepted


def _judged(root: Path, name: str, config: DataConfig) -> Judged:
    table = _prepared(read_table(raw_manifest_path(root, name)), config)
    verdicts = judge_rows(table, config)
    reasons = _reasons(verdicts)
    accepted = table.drop(index=list(reasons)).drop_duplicates("hash")
    classes = config.tasks[config.headline].counts(config.answers(accepted))
    counts = pd.DataFrame({"class": classes.index, "accepted": classes.to_numpy()})
    verdicts += judge_batch(counts, len(table) - len(reasons), len(table), config)
    report = ValidationReport(
        total=len(table),
        accepted=len(accepted),
        duplicates=len(table) - len(reasons) - len(accepted),
        quarantine={table["path"][row]: "; ".join(why) for row, why in reasons.items()},
        classes={str(label): int(count) for label, count in classes.items()},
        verdicts=verdicts,
        notices=config.transform.notices(table[table["error"].isna()]),
    )
    write_report(report_page(root, name), name, report)
    return table, accepted, reasons, report


def _prepared(raw: pd.DataFrame, config: DataConfig) -> pd.DataFrame:
    """The manifest with what a rule cannot see in one row: contradicting answers, groups in several given splits."""
    slices = [column for column in raw.columns if column.startswith(SLICE)]
    answers = [LABEL + name for name in config.tasks]
    table = raw.astype(dict.fromkeys(("error", "split", *answers), object))
    table[slices] = table[slices].fillna("unknown")
    for name, task in config.tasks.items():
        table[LABEL + name] = task.read(table[LABEL + name])
    table["conflict"] = _conflicts(table, config)
    splits = table.groupby("group")["split"].nunique()
    table["leak"] = table["group"].where(table["group"].map(splits) > 1)
    return table


def _conflicts(table: pd.DataFrame, config: DataConfig) -> "pd.Series[Any]":
    """The different answers that one content has to one task; an unknown answer condemns its own row only.

    What cannot be decoded, as one page of an error under many names, has no content that answers could contradict.
    """
    found = pd.Series(np.nan, index=table.index, dtype=object)
    for name, task in config.tasks.items():
        rivals_of = task.known(table[LABEL + name]) & table["error"].isna()
        answers = table.loc[rivals_of, ["hash", LABEL + name]].drop_duplicates()
        rivals = answers[answers["hash"].duplicated(keep=False)].groupby("hash")[LABEL + name]
        told = table["hash"].map(rivals.agg(lambda each: " and ".join(sorted(map(str, each)))))
        found = found.where(found.notna(), told.astype(object))
    return found


def _reasons(verdicts: list[Verdict]) -> dict[int, list[str]]:
    reasons: dict[int, list[str]] = {}
    for verdict in verdicts:
        for row, reason in zip(verdict.rows, verdict.reasons, strict=True):
            reasons.setdefault(row, []).append(reason)
    return dict(sorted(reasons.items()))


def _stop_on(report: ValidationReport, name: str, page: Path) -> None:
    if report.failures:
        rule = "mend that, add samples or drop the class, or change data.expectations"
        causes = "; ".join([*report.failures, *report.causes[:SHOWN], *report.notices])
        raise ValidationError(f"batch of {name!r} refused: {causes}; {rule}; see {page}")


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


def main(name: str) -> None:
    """Validates one domain."""
    root = load_settings().root
    report = validate(root, name, load_data_config(root, name))
    log.info("validate %s: %d accepted, %d quarantined", name, report.accepted, len(report.quarantine))


if __name__ == "__main__":
    stage_main(main)
