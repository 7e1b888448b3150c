"""The Evidently report: a page for people to look at. It decides nothing; the calibrated nulls in `drift.py` do."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from data.stores.atomic import atomic_path
from monitoring.arrays import Array, pair, project
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

    Columns: the probability of each class (reference: split "val" only), the facts of the input that both tables hold,
    and the first 8 principal components of the embeddings. Scores are Kolmogorov-Smirnov p-values, which are right at
    small windows but take samples for independent; a column is marked below false_alarm / columns.

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
    facts = [name for name in reference.facts if name in window]
    sides = zip(probabilities, (known[facts], window[facts]), embeddings, strict=True)
    expected, seen = (_table(classes, *side) for side in sides)
    # Evidently leaves missing values out: rows that the model was trained on say nothing about its probabilities.
    expected.loc[(known["split"] != "val").to_numpy(), expected.columns[: len(classes)]] = np.nan
    return expected, seen


def _table(classes: Sequence[str], probabilities: Array, facts: pd.DataFrame, embeddings: Array) -> pd.DataFrame:
    """One side of the comparison, one column a number."""
    columns = {f"probability of {name}": probabilities[:, place] for place, name in enumerate(classes)}
    columns |= {str(name): facts[name].to_numpy(dtype=float) for name in facts}
    leading = embeddings[:, :COMPONENTS].T
    return pd.DataFrame(columns | {f"embedding component {place}": row for place, row in enumerate(leading, start=1)})


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
