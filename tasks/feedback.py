"""Labels of a table go where they are of use: to the predictions that they speak of, and to what is learned from."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from data.stages.feedback import add_feedback
from data.stores.atomic import atomic_path, write_text
from serving.feedback.labelled import labelled
from serving.feedback.labels import file_labels
from serving.feedback.matching import in_log
from serving.feedback.tables import labels_in
from serving.log.inputs import kept_inputs
from settings.machine import load_settings
from tasks.domain import load_domain

FROM_LOG = "from-log.csv"


@dataclass(frozen=True)
class Filed:
    """What was filed.

    Attributes:
        rows: labels in the table.
        labels: of these the ones that may speak of predictions.
        matched: of these the ones whose prediction is in the log by now; the others meet theirs once it is.
        path: the table that the next retrain reads; None where it names no files.
        unknown: labels that the domain does not know, and how many rows have them.
        where: the key of the YAML that lists the classes.
    """

    rows: int
    labels: int
    matched: int
    path: Path | None
    unknown: dict[str, int]
    where: str


def file_feedback(name: str, table: Path) -> Filed:
    """Files the labels of a table, see `serving.feedback.tables`.

    Raises:
        SourceError: the table is wrong; nothing is filed.
        StorageError: the disk refused a write.
    """
    config = load_domain(name)
    labels, are_files = labels_in(table)
    filed = add_feedback(config.root, name, table, config.data) if are_files else None
    task = config.data.tasks[config.data.headline]
    read = task.read(pd.Series([label.label for label in labels], dtype=object))
    if labels:
        file_labels(name, [replace(label, label=str(text)) for label, text in zip(labels, read, strict=True)])
    strange = Counter(map(str, read[~task.known(read)]))
    there = in_log(name, labels)
    return Filed(
        rows=filed.rows if filed else len(labels),
        labels=len(labels),
        matched=sum((label.kind, label.reference) in there for label in labels),
        path=filed.path if filed else None,
        unknown=dict(strange),
        where=f"tasks.{config.data.headline}.classes",
    )


def learn_from_log(name: str) -> Filed:
    """Makes a feedback table of the inputs that were kept and have a label, which the next retrain reads.

    It is made anew each time, so that a label that was corrected is corrected here as well.

    Raises:
        ConfigError: no key is set.
        PredictionLogError: a file is not what was written, or has another key.
        StorageError: the disk refused a write.
    """
    config, folder = load_domain(name), inputs_folder(name)
    rows = labelled(name, columns=("hash", "group"))
    rows = rows[rows["label"].notna() & rows["hash"].notna()].drop_duplicates("hash", keep="last").set_index("hash")
    for digest, content in kept_inputs(name, set(rows.index)):
        with atomic_path(folder / digest) as temporary:
            temporary.write_bytes(content)
    rows = rows[[(folder / digest).exists() for digest in rows.index]]
    table = folder.parent / FROM_LOG
    paths = [str(folder / digest) for digest in rows.index]
    write_text(table, rows.assign(path=paths)[["path", "label", "group"]].to_csv(index=False))
    return Filed(len(rows), len(rows), len(rows), table, {}, f"tasks.{config.data.headline}.classes")


def inputs_folder(name: str) -> Path:
    """Where inputs lie that are learned from, in the clear as all that is."""
    return load_settings().root / "data" / "feedback" / name / "inputs"
