"""Figures of one model's predictions."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evaluation.drawing import BLUE, GREY, RED, blank_figure, short, show_image
from evaluation.errors import EvaluationError
from evaluation.inference.calibration import confidence
from evaluation.predictions.predictions import Predictions
from evaluation.report.evaluate import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ANNOTATED_CLASSES = 15  # more cells than this squared cannot be read
GRID_COLUMNS = 8
WORST = 16
UPRIGHT_NAME = 3


def confusion_matrix_figure(predictions: Predictions) -> "Figure":
    """Draws the confusion matrix: colour is the share of the true class (unweighted), numbers are counts."""
    from sklearn.metrics import confusion_matrix

    count = len(predictions.classes)
    matrix = confusion_matrix(predictions.truth, predictions.decisions, labels=range(count))
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = float(np.clip(0.55 * count + 2.2, 4.2, 14))
    figure = blank_figure(side + 1.7, side)
    axes = figure.subplots()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, label="share of the true class", fraction=0.046, pad=0.04)
    names = [short(name) for name in predictions.classes]
    wide = max(len(name) for name in names) > UPRIGHT_NAME
    axes.set_xticks(range(count), names, rotation=45 if wide else 0, ha="right" if wide else "center")
    axes.set_yticks(range(count), names)
    axes.set(xlabel="predicted", ylabel="true", title=f"Confusion matrix, {len(predictions)} samples")
    if count <= ANNOTATED_CLASSES:
        _write_counts(axes, matrix, share)
    return figure


def reliability_figure(predictions: Predictions, evaluation: Evaluation) -> "Figure":
    """Draws how often the model is right against how sure it is, with intervals and the calibration error.

    Binary tasks show the last class's probability against its share; others the likeliest class's against accuracy
    (Guo et al. 2017, "On Calibration of Modern Neural Networks"). Points hold the same weight of samples each; below
    lies how the samples spread.
    """
    curve, error = evaluation.reliability, evaluation.calibration
    names = _confidence_names(predictions)
    figure = blank_figure(5.2, 5.8)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    upper.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="perfectly calibrated")
    sure = [one.sure for one in curve]
    upper.vlines(sure, [one.right.low for one in curve], [one.right.high for one in curve], color=BLUE, alpha=0.5)
    upper.plot(sure, [one.right.value for one in curve], color=BLUE, marker="o", label="model")
    found = f"{error.value:.3f} ({error.low:.3f} to {error.high:.3f})"
    upper.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel=names[1])
    upper.set_title(f"Reliability, expected calibration error\n{found}, {evaluation.level:.0%} intervals", fontsize=11)
    upper.legend(loc="upper left", frameon=False)
    lower.hist(confidence(predictions)[0], bins=20, range=(0, 1), color=GREY, rwidth=0.9)
    lower.set(xlabel=names[0], ylabel="samples")
    return figure


def sample_grid_figure(images: npt.NDArray[np.uint8], predictions: Predictions, *, seed: int) -> "Figure":
    """Draws the worst errors (least probability for the truth first, at most 16) and a row of random samples.

    `images` is uint8 [N, H, W, C] with 1 or 3 channels, in the order of `predictions`.

    Raises:
        EvaluationError: there are more or fewer images than predictions.
    """
    if len(images) != len(predictions) or images.ndim != 4:
        found = f"images have shape {images.shape} for {len(predictions)} predictions"
        raise EvaluationError(f"{found}; one [H, W, C] image a sample is needed; pass the same samples to both")
    worst = worst_errors(predictions, WORST)
    size = min(GRID_COLUMNS, len(predictions))
    chosen = np.random.default_rng(seed).choice(len(predictions), size=size, replace=False)
    titled = [("Worst errors" if start == 0 else "", worst[start : start + GRID_COLUMNS]) for start in _starts(worst)]
    rows = [*titled, ("Random samples", np.sort(chosen))]
    heights = [2.3 if len(members) else 0.4 for _, members in rows]
    figure = blank_figure(1.55 * GRID_COLUMNS, sum(heights))
    panels = np.ravel(figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False))
    for panel, (title, members) in zip(panels, rows, strict=True):
        _draw_row(panel, title, members, images, predictions)
    return figure


def slice_figure(evaluation: Evaluation) -> "Figure":
    """Draws the estimate and interval of every slice beside the whole set's; a hollow point has no interval.

    Red slices differ from all other samples at the evaluation's level, with Holm's correction over the slices; their
    names say by how much.
    """
    slices = evaluation.slices
    figure = blank_figure(8.4, 1.4 + 0.4 * max(len(slices), 2))
    axes = figure.subplots()
    if slices.empty:
        axes.text(0.5, 0.5, "this domain has no slices", ha="center", va="center", color=GREY)
        axes.set_axis_off()
        return figure
    metric = str(slices["metric"].iloc[0])
    whole = evaluation.metrics[metric]
    axes.axvline(whole.value, color=GREY, linestyle="--", linewidth=1)
    axes.axvspan(whole.low, whole.high, color=GREY, alpha=0.15, linewidth=0)
    rows = list(slices.itertuples(index=False))
    for place, row in enumerate(rows):
        _draw_slice(axes, place, row, evaluation.level)
    axes.set_yticks(range(len(rows)), [_slice_name(row, evaluation.level) for row in rows])
    axes.set_ylim(len(slices) - 0.5, -0.5)
    axes.set_xlabel(metric)
    figure.suptitle(
        f"{metric} by slice\nband: all samples; red: differs from the rest after Holm's correction", fontsize=11
    )
    return figure


def worst_errors(predictions: Predictions, count: int) -> npt.NDArray[np.int64]:
    """Positions of at most `count` wrong predictions, least probability for the truth first."""
    wrong = np.flatnonzero(~predictions.right)
    of_truth = predictions.probabilities[wrong, predictions.truth[wrong]]
    return wrong[np.argsort(of_truth, kind="stable")][:count].astype(np.int64)


def _write_counts(axes: "Axes", matrix: npt.NDArray[np.int64], share: npt.NDArray[np.float64]) -> None:
    for row, column in np.ndindex(*matrix.shape):
        colour = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, str(matrix[row, column]), ha="center", va="center", color=colour, fontsize=9)


def _confidence_names(predictions: Predictions) -> tuple[str, str]:
    """What a reliability curve's axes show."""
    if len(predictions.classes) == 2:
        name = short(predictions.classes[-1])
        return f"predicted probability of {name}", f"share of {name}"
    return "probability of the likeliest class", "accuracy"


def _starts(worst: npt.NDArray[np.int64]) -> range:
    """Where the rows of worst errors begin; one (empty) row where there is no error."""
    return range(0, max(len(worst), 1), GRID_COLUMNS)


def _draw_row(
    panel: Any, title: str, members: npt.NDArray[np.int64], images: npt.NDArray[np.uint8], of: Predictions
) -> None:
    """Draws one row of the grid; cells without a sample stay blank."""
    if title:
        text = title if len(members) else f"{title}: none"
        panel.suptitle(text, x=0.008, ha="left", fontsize=11, fontweight="bold")
    line = panel.subplots(1, GRID_COLUMNS) if len(members) else []
    for axes in line:
        axes.set_axis_off()
    for axes, member in zip(line, members, strict=False):
        show_image(axes, images[member])
        guess, truth = int(of.decisions[member]), int(of.truth[member])
        names = f"true {short(of.classes[truth])}\nsaid {short(of.classes[guess])}"
        colour = "black" if guess == truth else RED
        axes.set_title(f"{names} {of.probabilities[member, guess]:.2f}", fontsize=8, color=colour)


def _draw_slice(axes: "Axes", place: int, row: Any, level: float) -> None:
    """Draws one slice: hollow without an interval, red where it differs from the rest after Holm's correction."""
    if not np.isfinite(row.low):
        axes.plot([row.estimate], [place], color=GREY, marker="o", markerfacecolor="none")
        return
    colour = RED if row.p_holm <= 1 - level else BLUE
    axes.plot([row.low, row.high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
    axes.plot([row.estimate], [place], color=colour, marker="o")


def _slice_name(row: Any, level: float) -> str:
    note = f", {row.note}" if row.note else ""
    p_value = f"p = {row.p_holm:.3f}" if row.p_holm >= 0.001 else "p < 0.001"
    found = f"\n{row.difference:+.3f} to the rest, {p_value}" if row.p_holm <= 1 - level else ""
    return f"{row.column} = {short(str(row.value))} ({row.samples}{note}){found}"
