"""The Evidently report: a page for people to look at. It decides nothing; the calibrated nulls in `drift.py` do."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from data.stores.atomic import atomic_path
from monitoring.arrays import pair, project
from monitoring.config import MonitoringConfig
from monitoring.errors import MonitoringError
from monitoring.reference import Reference
from monitoring.windows import Window

if TYPE_CHECKING:
    from evidently.core.report import Snapshot

logger = logging.getLogger(__name__)

COMPONENTS = 8


def write_drift_report(
    reference: Reference, window: Window, path: Path, *, config: MonitoringConfig
) -> dict[str, float]:
    """Writes one self-contained HTML page that compares the usable rows of `window` with the reference by column.

    Columns: the probability of each class (reference: split "val" only), brightness, and the first 8 principal
    components of the embeddings. Scores are Kolmogorov-Smirnov p-values, which are right at small windows but take
    samples for independent; a column is marked below false_alarm / columns.

    Returns:
        Column to p-value.

    Raises:
        MonitoringError: no usable rows, or rows or classes of another model.
        StorageError: the disk refuses the write.
    """
    expected, seen = _columns(reference, window.usable, config.seed)
    snapshot = _run(expected, seen, config.false_alarm / expected.shape[1])
    with atomic_path(path) as temporary:
        snapshot.save_html(str(temporary))
    metrics = snapshot.dict()["metrics"]
    scores = {m["config"]["column"]: float(m["value"]) for m in metrics if "column" in m["config"]}
    logger.info("drift report of %d samples at %s", len(seen), path)
    return scores


def _columns(reference: Reference, window: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables with the columns of the report."""
    known, classes = reference.rows, reference.classes
    probabilities = pair(known, window, "probabilities")
    if (held := probabilities[0].shape[1]) != len(classes):
        raise MonitoringError(f"{held} probabilities a row, {len(classes)} classes; give the classes of the package")
    embeddings = project(*pair(known, window, "embedding"), components=COMPONENTS, seed=seed)
    tables = []
    for rows, probability, embedding in zip((known, window), probabilities, embeddings, strict=True):
        table = pd.DataFrame(probability, columns=[f"probability of {name}" for name in classes])
        table["brightness"] = rows["brightness"].to_numpy(dtype=float)
        for component in range(min(COMPONENTS, embedding.shape[1])):
            table[f"embedding component {component + 1}"] = embedding[:, component]
        tables.append(table)
    # Evidently leaves missing values out: rows that the model was trained on say nothing about its probabilities.
    tables[0].loc[(known["split"] != "val").to_numpy(), tables[0].columns[: len(classes)]] = np.nan
    return tables[0], tables[1]


def _run(reference: pd.DataFrame, window: pd.DataFrame, threshold: float) -> "Snapshot":
    """Runs Evidently with telemetry off; both variables are read when it is imported."""
    os.environ.setdefault("EVIDENTLY_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(numerical_columns=list(reference.columns))
    current, known = (Dataset.from_pandas(table, data_definition=definition) for table in (window, reference))
    preset = DataDriftPreset(num_method="ks", num_threshold=threshold, drift_share=1 / reference.shape[1])
    return Report([preset], include_tests=True).run(current, known)
