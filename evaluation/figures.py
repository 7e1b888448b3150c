"""Figures of one model's predictions; built without pyplot, so that they work in any thread and leave no state."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evaluation.errors import EvaluationError
from evaluation.evaluate import Evaluation
from evaluation.predictions import Predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, RED, GREY = "#2a6f97", "#b3382c", "#8a8f98"
ANNOTATED_CLASSES = 15  # more cells than this squared cannot be read
GRID_COLUMNS = 8
WORST = 16
LONGEST_NAME = 18
UPRIGHT_NAME = 3


def confusion_matrix_figure(predictions: Predictions) -> "Figure":
    """Draws the confusion matrix: colour is the share of the true class (unweighted), numbers are counts."""
    count = len(predictions.classes)
    matrix = np.zeros((count, count), dtype=np.int64)
    np.add.at(matrix, (predictions.truth, predictions.probabilities.argmax(axis=1)), 1)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = float(np.clip(0.55 * count + 2.2, 4.2, 14))
    figure = _figure(side + 1.7, side)
    axes = figure.subplots()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, label="share of the true class", fraction=0.046, pad=0.04)
    names = [_short(name) for name in predictions.classes]
    wide = max(len(name) for name in names) > UPRIGHT_NAME
    axes.set_xticks(range(count), names, rotation=45 if wide else 0, ha="right" if wide else "center")
    axes.set_yticks(range(count), names)
    axes.set(xlabel="predicted", ylabel="true", title=f"Confusion matrix, {len(predictions)} samples")
    if count <= ANNOTATED_CLASSES:
        _write_counts(axes, matrix, share)
    return figure


def reliability_figure(predictions: Predictions, *, bins: int = 10) -> "Figure":
    """Draws how often the model is right against how sure it is, with the weighted expected calibration error.

    Binary tasks show the last class's probability against its share; others the likeliest class's against accuracy
    (Guo et al. 2017, "On Calibration of Modern Neural Networks"). Below lies how many samples each bin holds.
    """
    sure, right, label = _confidence(predictions)
    bin_of = np.minimum((sure * bins).astype(np.int64), bins - 1)
    mass = np.bincount(bin_of, predictions.weights, minlength=bins)
    filled = mass > 0
    mean_sure = np.bincount(bin_of, predictions.weights * sure, minlength=bins)[filled] / mass[filled]
    share = np.bincount(bin_of, predictions.weights * right, minlength=bins)[filled] / mass[filled]
    error = float((mass[filled] * np.abs(mean_sure - share)).sum() / mass.sum())
    figure = _figure(5.2, 5.8)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    upper.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="perfectly calibrated")
    upper.plot(mean_sure, share, color=BLUE, marker="o", label="model")
    title = f"Reliability, expected calibration error {error:.3f}"
    upper.set(xlim=(0, 1), ylim=(0, 1.02), ylabel=label[1], title=title)
    upper.legend(loc="upper left", frameon=False)
    lower.bar((np.arange(bins) + 0.5) / bins, np.bincount(bin_of, minlength=bins), width=0.9 / bins, color=GREY)
    lower.set(xlabel=label[0], ylabel="samples")
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
    worst = _worst_errors(predictions)
    size = min(GRID_COLUMNS, len(predictions))
    chosen = np.random.default_rng(seed).choice(len(predictions), size=size, replace=False)
    titled = [("Worst errors" if start == 0 else "", worst[start : start + GRID_COLUMNS]) for start in _starts(worst)]
    rows = [*titled, ("Random samples", np.sort(chosen))]
    heights = [2.3 if len(members) else 0.4 for _, members in rows]
    figure = _figure(1.55 * GRID_COLUMNS, sum(heights))
    panels = np.ravel(figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False))
    for panel, (title, members) in zip(panels, rows, strict=True):
        _draw_row(panel, title, members, images, predictions)
    return figure


def slice_figure(evaluation: Evaluation) -> "Figure":
    """Draws the estimate and interval of every slice beside the whole set's; a hollow point has no interval."""
    slices = evaluation.slices
    figure = _figure(8.4, 1.4 + 0.34 * max(len(slices), 2))
    axes = figure.subplots()
    if slices.empty:
        axes.text(0.5, 0.5, "this domain has no slices", ha="center", va="center", color=GREY)
        axes.set_axis_off()
        return figure
    metric = str(slices["metric"].iloc[0])
    whole = evaluation.metrics[metric]
    axes.axvline(whole.value, color=GREY, linestyle="--", linewidth=1)
    axes.axvspan(whole.low, whole.high, color=GREY, alpha=0.15, linewidth=0)
    for place, row in enumerate(slices.itertuples(index=False)):
        _draw_slice(axes, place, row)
    axes.set_yticks(range(len(slices)), [_slice_name(row) for row in slices.itertuples(index=False)])
    axes.set_ylim(len(slices) - 0.5, -0.5)
    axes.set(xlabel=metric, title=f"{metric} by slice (band: all samples)")
    return figure


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _write_counts(axes: "Axes", matrix: npt.NDArray[np.int64], share: npt.NDArray[np.float64]) -> None:
    for row, column in np.ndindex(*matrix.shape):
        colour = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, str(matrix[row, column]), ha="center", va="center", color=colour, fontsize=9)


def _confidence(
    predictions: Predictions,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], tuple[str, str]]:
    """How sure the model is [N], whether it is right [N], and the names of both axes."""
    if len(predictions.classes) == 2:
        name = _short(predictions.classes[-1])
        right = (predictions.truth == 1).astype(np.float64)
        names = (f"predicted probability of {name}", f"share of {name}")
        return predictions.probabilities[:, 1].clip(0, 1), right, names
    right = (predictions.probabilities.argmax(axis=1) == predictions.truth).astype(np.float64)
    return predictions.probabilities.max(axis=1).clip(0, 1), right, ("probability of the likeliest class", "accuracy")


def _worst_errors(predictions: Predictions) -> npt.NDArray[np.int64]:
    """Positions of wrong predictions, least probability for the truth first."""
    wrong = np.flatnonzero(predictions.probabilities.argmax(axis=1) != predictions.truth)
    of_truth = predictions.probabilities[wrong, predictions.truth[wrong]]
    return wrong[np.argsort(of_truth, kind="stable")][:WORST].astype(np.int64)


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
        image = images[member]
        axes.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
        guess, truth = int(of.probabilities[member].argmax()), int(of.truth[member])
        names = f"true {_short(of.classes[truth])}\nsaid {_short(of.classes[guess])}"
        colour = "black" if guess == truth else RED
        axes.set_title(f"{names} {of.probabilities[member, guess]:.2f}", fontsize=8, color=colour)


def _draw_slice(axes: "Axes", place: int, row: Any) -> None:
    if row.note:
        axes.plot([row.estimate], [place], color=GREY, marker="o", markerfacecolor="none")
        return
    axes.plot([row.low, row.high], [place, place], color=BLUE, linewidth=2, solid_capstyle="butt")
    axes.plot([row.estimate], [place], color=BLUE, marker="o")


def _slice_name(row: Any) -> str:
    note = f", {row.note}" if row.note else ""
    return f"{row.column} = {_short(str(row.value))} ({row.samples}{note})"
