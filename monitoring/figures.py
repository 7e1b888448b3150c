"""The figure of a drift check."""

from typing import TYPE_CHECKING

from monitoring.arrays import Array, pair, project
from monitoring.reference import Reference
from monitoring.signals.report import DriftReport, DriftStatistic
from monitoring.windows import Window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REFERENCE, WINDOW, THRESHOLD = "#8a94a6", "#d9480f", "#1c2430"


def drift_figure(report: DriftReport, reference: Reference, window: Window, *, seed: int = 0) -> "Figure":
    """Left: the first two principal components of reference and window. Right: each statistic against its null.

    Args:
        report: the result for these two.
        reference: of the package.
        window: what was judged.
        seed: of the principal components, where they are computed by random projections.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    figure.suptitle(f"{'Drift' if report.drift else 'No drift'} in {report.window_rows} samples", fontweight="bold")
    axes = figure.subplot_mosaic([["components", statistic.name] for statistic in report.statistics])
    points = project(*pair(reference.rows, window.usable, "embedding"), components=2, seed=seed)
    _draw_components(axes["components"], *points)
    for statistic in report.statistics:
        _draw_null(axes[statistic.name], statistic)
    return figure


def _draw_components(axes: "Axes", reference: Array, window: Array) -> None:
    for rows, colour, label in ((reference, REFERENCE, "reference"), (window, WINDOW, "window")):
        second = rows[:, 1] if rows.shape[1] > 1 else rows[:, 0] * 0
        axes.scatter(rows[:, 0], second, s=10, alpha=0.6, color=colour, linewidths=0, label=f"{label} ({len(rows)})")
    axes.set(xlabel="first principal component", ylabel="second principal component", title="Embeddings")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_null(axes: "Axes", statistic: DriftStatistic) -> None:
    axes.hist(statistic.null, bins=40, color=REFERENCE, label="null windows")
    axes.axvline(statistic.threshold, color=THRESHOLD, linestyle="--", label=f"threshold {statistic.threshold:.4f}")
    axes.axvline(statistic.value, color=WINDOW, linewidth=2, label=f"window {statistic.value:.4f}")
    axes.set(title=f"{statistic.name}, p = {statistic.p_value:.4f}", ylabel="null windows")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
