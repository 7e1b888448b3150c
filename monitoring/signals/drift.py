"""Drift of a window against the reference, on the served model's own embeddings and outputs.

Two statistics, each with a null calibrated on the reference, share one false-alarm budget (Bonferroni): the maximum
mean discrepancy of the embeddings (Gretton et al., "A Kernel Two-Sample Test", JMLR 2012) and the Kolmogorov-Smirnov
distance of the predicted probabilities (Rabanser et al., "Failing Loudly", NeurIPS 2019, compares such choices).
"""

import numpy as np
import pandas as pd

from monitoring.config import MonitoringConfig
from monitoring.errors import MonitoringError
from monitoring.nulls import draw_null_windows
from monitoring.reference import pair, project, thin, usable
from monitoring.signals.judge import judge
from monitoring.signals.report import DriftReport, DriftStatistic
from monitoring.signals.two_sample import Members, gaussian_kernel, kolmogorov_smirnov, squared_mmd

COMPONENTS = 64
BINARY = 2
MINIMUM_ROWS = 2


def measure_drift(reference: pd.DataFrame, window: pd.DataFrame, config: MonitoringConfig) -> DriftReport:
    """Compares the usable rows of `window` with a package's drift reference.

    Args:
        reference: group, split, probabilities and embedding a row, in manifest order. Embeddings are compared with all
            its rows, probabilities with those of split "val" only: a model is too sure of rows that it was trained on.
        window: rows of the prediction log of the version that the reference belongs to.
        config: budget, resamples and seed.

    Raises:
        MonitoringError: fewer than 2 usable rows, a reference too small for a null, or rows of another model.
    """
    seen = usable(window)
    if len(seen) < MINIMUM_ROWS:
        raise MonitoringError(f"the window has {len(seen)} usable rows of {len(window)}; score more files first")
    known, held_out = (thin(rows, seed=config.seed) for rows in (reference, reference[reference["split"] == "val"]))
    embedding, embedding_note = embedding_drift(known, seen, config)
    probability, probability_note = probability_drift(held_out, seen, config)
    return DriftReport(
        statistics=(embedding, probability),
        drift=embedding.alarm or probability.alarm,
        window_rows=len(seen),
        reference_rows=len(known),
        false_alarm=config.false_alarm,
        calibration=f"{embedding.name}: {embedding_note}. {probability.name}: {probability_note}",
    )


def embedding_drift(
    reference: pd.DataFrame, window: pd.DataFrame, config: MonitoringConfig
) -> tuple[DriftStatistic, str]:
    """Squared MMD on at most 64 principal components, and how its null was made."""
    null = draw_null_windows(list(reference["group"]), len(window), resamples=config.resamples, seed=config.seed)
    arrays = pair(reference, window, "embedding")
    kernel = gaussian_kernel(np.concatenate(project(*arrays, components=COMPONENTS, seed=config.seed)))
    rows = len(reference)
    observed = squared_mmd(kernel, _tail(rows, len(window)))
    resampled = squared_mmd(kernel[:rows, :rows], null.members) * null.scale
    return judge("embedding_mmd2", float(observed[0]), resampled, null, config)


def probability_drift(
    reference: pd.DataFrame, window: pd.DataFrame, config: MonitoringConfig
) -> tuple[DriftStatistic, str]:
    """Kolmogorov-Smirnov distance of the predicted probabilities, and how its null was made.

    Of the last class where there are two classes, the largest of all classes where there are more.
    """
    null = draw_null_windows(list(reference["group"]), len(window), resamples=config.resamples, seed=config.seed)
    known, seen = pair(reference, window, "probabilities")
    columns = [-1] if known.shape[1] == BINARY else range(known.shape[1])
    both, tail = np.concatenate([known, seen]), _tail(len(known), len(seen))
    observed = max(float(kolmogorov_smirnov(both[:, k], tail)[0]) for k in columns)
    resampled = np.max([kolmogorov_smirnov(known[:, k], null.members) for k in columns], axis=0) * null.scale**0.5
    return judge("probability_ks", observed, resampled, null, config)


def _tail(reference: int, window: int) -> Members:
    """Marks the last `window` of all rows, as a single resample."""
    return np.arange(reference + window)[None, :] >= reference
