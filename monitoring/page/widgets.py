"""What stands on the page of a check beside Evidently's tests: figures and words."""

from typing import TYPE_CHECKING

import numpy as np
from evidently.legacy.renderers.html_widgets import (
    CounterData,
    WidgetSize,
    counter,
    plotly_data,
    text_widget,
)

from monitoring.arrays import Array
from monitoring.signals.report import DriftStatistic

if TYPE_CHECKING:
    from evidently.legacy.model.widget import BaseWidgetInfo

REFERENCE, WINDOW, THRESHOLD = "#8a94a6", "#d9480f", "#1c2430"
BINS = 40


def text(title: str, words: str) -> "BaseWidgetInfo":
    """Words in Markdown."""
    return text_widget(title=title, text=words)


def sign_widget(name: str, value: float, limit: float, told: str) -> "BaseWidgetInfo":
    """A sign of broken data: its value, its limit, and what it means where it is above."""
    counters = [CounterData(told or "looks sound", f"{value:.3g}"), CounterData("limit", f"{limit:.3g}")]
    return counter(title=name, counters=counters, size=WidgetSize.HALF)


def null_widget(found: DriftStatistic) -> "BaseWidgetInfo":
    """A statistic against what null windows show."""
    lines = [(found.value, WINDOW, "window"), (found.threshold, THRESHOLD, "threshold")]
    null = np.asarray(found.null)
    bars, top = _bars(null, REFERENCE, "null windows"), int(np.histogram(null, BINS)[0].max())
    drawn = [
        {"type": "scatter", "mode": "lines", "x": [place, place], "y": [0, top], "name": f"{name} {place:.4f}",
         "line": {"color": colour, "dash": "dash" if name == "threshold" else "solid"}}
        for place, colour, name in lines
    ]  # fmt: skip
    title = f"{found.name}: {'drift' if found.alarm else 'no drift'}, p = {found.p_value:.4f}. Null: {found.note}"
    return plotly_data(title=title, data=[bars, *drawn], layout=_layout(found.name, "null windows"))


def column_widget(name: str, known: Array, seen: Array) -> "BaseWidgetInfo":
    """Both sides of one column, in shares of their rows."""
    edges = np.histogram_bin_edges(np.concatenate([known, seen]), BINS)
    sides = [_bars(known, REFERENCE, "reference", edges), _bars(seen, WINDOW, "window", edges)]
    return plotly_data(title=name, data=sides, layout=_layout(name, "share"), size=WidgetSize.HALF)


def map_widget(known: Array, seen: Array) -> "BaseWidgetInfo":
    """Reference and window on their two leading principal components."""
    sides = [
        {"type": "scatter", "mode": "markers", "name": name, "marker": {"color": colour, "size": 5, "opacity": 0.6},
         "x": rows[:, 0].round(3).tolist(), "y": rows[:, -1].round(3).tolist()}
        for rows, colour, name in ((known, REFERENCE, "reference"), (seen, WINDOW, "window"))
    ]  # fmt: skip
    return plotly_data(
        title="Embeddings", data=sides, layout=_layout("first principal component", "second principal component")
    )


def _bars(values: Array, colour: str, name: str, edges: Array | None = None) -> dict[str, object]:
    counts, places = np.histogram(values, BINS if edges is None else edges)
    heights = counts if edges is None else counts / max(len(values), 1)
    middle = (places[1:] + places[:-1]) / 2
    bar = {"x": middle.tolist(), "y": heights.tolist(), "opacity": 0.6, "marker": {"color": colour}}
    return {"type": "bar", "name": name, "width": float(places[1] - places[0]), **bar}


def _layout(across: str, up: str) -> dict[str, object]:
    return {"barmode": "overlay", "xaxis": {"title": {"text": across}}, "yaxis": {"title": {"text": up}}}
