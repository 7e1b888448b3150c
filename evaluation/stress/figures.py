"""Figures of a model under stress: curves over the strength, what the corruptions look like, and where it looks."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from data.specs.spec import Array
from evaluation.drawing import BLUE, GREEN, GREY, LONGEST_NAME, RED, blank_figure, show_image
from evaluation.predictions.predictions import Predictions
from evaluation.stress.config import CorruptionName
from evaluation.stress.robustness import FLIPPED, Robustness

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 4  # a row
PAIRS = 4  # samples a row, each with its heat


def robustness_figure(robustness: Robustness, *, title: str, strength: str) -> "Figure":
    """Draws one panel a disturbance: accuracy, the chosen metric and flipped decisions over the strength, with bands.

    `strength` names the axis of the strength and its unit.
    """
    kinds = list(dict.fromkeys(robustness.table["disturbance"]))
    columns = min(PANELS, len(kinds))
    rows = -(-len(kinds) // columns)
    figure = blank_figure(max(3.1 * columns, 6.4), 2.8 * rows + 0.9)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for place, (axes, kind) in enumerate(zip(panels, kinds, strict=False)):
        _draw_curves(axes, robustness, kind)
        axes.set_xlabel(strength if place >= len(kinds) - columns else "", fontsize=9)
    for axes in panels[len(kinds) :]:
        axes.set_axis_off()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    about = f"{robustness.samples} samples in {robustness.groups} groups; bands are intervals"
    figure.suptitle(f"{title}\n{about}", fontsize=11)
    return figure


def corruption_strip_figure(
    image: Array, *, corruptions: list[CorruptionName], severities: list[int], seed: int
) -> "Figure":
    """Draws one real image, uint8 [H, W, C], under every corruption (rows) at every severity (columns, 0 is clean)."""
    from evaluation.stress.corruptions import corrupt  # brings torch

    steps = [0, *sorted(severities)]
    figure = blank_figure(1.3 * len(steps) + 0.9, 1.3 * len(corruptions) + 0.5)
    grid = figure.subplots(len(corruptions), len(steps), squeeze=False)
    for line, corruption in zip(grid, corruptions, strict=True):
        line[0].set_ylabel(corruption, fontsize=9)
        for axes, severity in zip(line, steps, strict=True):
            _show(axes, corrupt(image[None], corruption, severity, seed=seed)[0])
    for axes, severity in zip(grid[0], steps, strict=True):
        axes.set_title("clean" if severity == 0 else f"severity {severity}", fontsize=9)
    return figure


def saliency_figure(
    images: Array, heat: npt.NDArray[np.float32], predictions: Predictions, *, errors: int, method: str
) -> "Figure":
    """Draws each image [N, H, W, C] beside itself under its heat [N, H, W]: the worst `errors` first, then the others.

    Titles say truth and decision with its probability, red where they differ.
    """
    parts = [("Worst errors", range(errors)), ("Random samples", range(errors, len(images)))]
    rows = [-(-len(members) // PAIRS) for _, members in parts]
    heights = [max(2.0 * count, 0.4) + 0.3 for count in rows]
    figure = blank_figure(1.55 * 2 * PAIRS, sum(heights))
    panels = np.ravel(figure.subfigures(2, 1, height_ratios=heights, squeeze=False))
    for panel, (name, members), count in zip(panels, parts, rows, strict=True):
        text = f"{name}: what speaks for the decision ({method})" if members else f"{name}: none"
        panel.suptitle(text, x=0.008, ha="left", fontsize=11, fontweight="bold")
        cells = panel.subplots(count, 2 * PAIRS, squeeze=False).ravel() if members else np.array([])
        for axes in cells:
            axes.set_axis_off()
        for place, member in enumerate(members):
            _draw_pair(cells[2 * place : 2 * place + 2], images[member], heat[member], predictions, member)
    return figure


def _draw_curves(axes: "Axes", robustness: Robustness, kind: str) -> None:
    for measure in dict.fromkeys(robustness.table["measure"]):
        colour, dashes = _STYLES.get(measure, (GREEN, "-"))
        curve = robustness.curve(kind, measure)
        name = "flipped decisions" if measure == FLIPPED else measure.replace("_", " ")
        axes.plot(curve["strength"], curve["value"], dashes, color=colour, marker="o", markersize=3, label=name)
        axes.fill_between(curve["strength"], curve["low"], curve["high"], color=colour, alpha=0.15, linewidth=0)
    top = max(1.0, float(np.nanmax(robustness.table["value"])))  # a log loss goes above one
    axes.set(ylim=(0, 1.03 * top))
    axes.set_xticks(sorted(set(curve["strength"])))
    axes.set_title(kind, fontsize=10)
    axes.grid(color=GREY, alpha=0.25, linewidth=0.6)


_STYLES = {"accuracy": (BLUE, "-"), FLIPPED: (RED, "--")}


def _show(axes: "Axes", image: Array) -> None:
    show_image(axes, image)
    axes.set(xticks=[], yticks=[])


def _draw_pair(
    cells: npt.NDArray[Any], image: Array, heat: npt.NDArray[np.float32], of: Predictions, member: int
) -> None:
    for axes in cells:
        _show(axes, image)
    cells[1].imshow(heat, cmap="inferno", vmin=0, vmax=1, alpha=0.15 + 0.6 * heat)
    guess, truth = int(of.decisions[member]), int(of.truth[member])
    colour = "black" if guess == truth else RED
    cells[0].set_title(f"true {of.classes[truth][:LONGEST_NAME]}", fontsize=8, color=colour)
    said = f"said {of.classes[guess][:LONGEST_NAME]} {of.probabilities[member, guess]:.2f}"
    cells[1].set_title(said, fontsize=8, color=colour)
