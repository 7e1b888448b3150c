"""Our signals as metrics of an Evidently report: a metric is a configuration with a calculation.

This module brings Evidently: it is imported where a report is run.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from evidently.core.datasets import Dataset
from evidently.core.metric_types import SingleValue, SingleValueCalculation, SingleValueMetric
from evidently.core.report import Context

from monitoring.arrays import Array, pair, project
from monitoring.config import MonitoringConfig
from monitoring.drift import judged
from monitoring.page.judged import Judged, JudgedValue
from monitoring.page.widgets import column_widget, map_widget, null_widget, sign_widget, text
from monitoring.reference import Reference
from monitoring.signals import watched
from monitoring.signals.report import DriftStatistic, Unjudged

if TYPE_CHECKING:
    import pandas as pd


class DriftSignal(Judged):
    """A signal of drift by its name, with the settings that decide its null."""

    signal: str
    held_out: bool
    settings: dict[str, Any]


class DriftSignalCalculation(SingleValueCalculation[DriftSignal]):
    """Measures a signal on the two tables of a report, and its null windows on the reference."""

    def calculate(self, context: Context, current_data: Dataset, reference_data: Dataset) -> JudgedValue:
        """The statistic; Evidently tests it and shows its null."""
        asked = self.metric
        signal = next(one for one in watched.SIGNALS if one.name == asked.signal)
        reference = Reference(reference_data.as_dataframe(), "", (), asked.held_out)
        found = judged(signal, reference, current_data.as_dataframe(), MonitoringConfig(**asked.settings))
        return _result(found)

    def display_name(self) -> str:
        """Names it on the page."""
        return str(self.metric.signal)


def _result(found: DriftStatistic | Unjudged) -> JudgedValue:
    if isinstance(found, Unjudged):
        widget = text(found.name, f"Cannot judge: {found.needs}.")
        return JudgedValue(value=0.0, display_name=found.name, needs=found.needs, widget=[widget])
    return JudgedValue(
        value=found.value, display_name=found.name, threshold=found.threshold, p_value=found.p_value,
        null=list(found.null), note=found.note, widget=[null_widget(found)],
    )  # fmt: skip


class BrokenSign(Judged):
    """A sign of broken data that was looked at before anything else, with its limit."""

    sign: str
    shown: float
    limit: float
    told: str


class BrokenSignCalculation(SingleValueCalculation[BrokenSign]):
    """What triage saw."""

    def calculate(self, context: Context, current_data: Dataset, reference_data: Dataset | None) -> JudgedValue:
        """The value; Evidently tests it."""
        sign, broken = self.metric, self.metric.shown > self.metric.limit
        told = sign.told if broken else ""
        widget = [sign_widget(sign.sign, sign.shown, sign.limit, told)]
        return JudgedValue(
            value=sign.shown, display_name=sign.sign, threshold=sign.limit, needs=told, widget=widget
        )  # fmt: skip

    def display_name(self) -> str:
        """Names it on the page."""
        return str(self.metric.sign)


class Pictures(SingleValueMetric):
    """What is for people to look at and decides nothing: the columns of both tables, and a map of the embeddings."""

    classes: list[str]
    facts: list[str]
    seed: int
    note: str


class PicturesCalculation(SingleValueCalculation[Pictures]):
    """Draws them; its value is the number of rows."""

    def calculate(self, context: Context, current_data: Dataset, reference_data: Dataset) -> SingleValue:
        """One figure a column."""
        seen, known, asked = current_data.as_dataframe(), reference_data.as_dataframe(), self.metric
        sides = [*zip(*(side.T for side in pair(known, seen, "probabilities")), strict=True)]
        named = zip((f"probability of {name}" for name in asked.classes), sides, strict=False)
        drawn = [column_widget(name, *pairs) for name, pairs in named]
        drawn += [column_widget(name, *(_told(side[name]) for side in (known, seen))) for name in asked.facts]
        points = project(*pair(known, seen, "embedding"), components=2, seed=asked.seed)
        result = self.result(len(seen))
        tried = [text("How the check was tried", asked.note)] if asked.note else []
        result.widget = [*tried, map_widget(*points), *drawn]
        return result

    def display_name(self) -> str:
        """Names it on the page."""
        return "samples in the window"


def _told(column: "pd.Series[float]") -> Array:
    """What rows say of a fact; those of an earlier release say nothing."""
    return np.asarray(column.dropna(), dtype=np.float64)
