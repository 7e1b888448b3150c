"""Labels of a table go where they are of use: to the predictions that they speak of, and to what is learned from."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from data.stages.feedback import add_feedback
from serving.feedback.labels import file_labels
from serving.feedback.tables import labels_in
from tasks.domain import load_domain


@dataclass(frozen=True)
class Filed:
    """What was filed.

    Attributes:
        rows: labels in the table.
        labels: of these the ones that may speak of predictions.
        path: the table that the next retrain reads; None where it names no files.
        unknown: labels that the domain does not know, and how many rows have them.
        where: the key of the YAML that lists the classes.
    """

    rows: int
    labels: int
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
    where = f"tasks.{config.data.headline}.classes"
    return Filed(filed.rows if filed else len(labels), len(labels), filed.path if filed else None, dict(strange), where)
