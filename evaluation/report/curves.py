"""The figure of a training run: losses and validation accuracy by epoch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def training_curves_figure(history: Sequence[dict[str, float]], best: int) -> "Figure":
    """Left: training and validation loss. Right: validation accuracy. A line marks the epoch that was kept.

    Args:
        history: one entry an epoch with the keys epoch, train_loss, val_loss and val_accuracy.
        best: number of the epoch that was kept.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    panels = {"loss": ("train_loss", "val_loss"), "accuracy": ("val_accuracy",)}
    for axes, (title, names) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        for name in names:
            known = [entry for entry in history if name in entry]
            axes.plot([entry["epoch"] for entry in known], [entry[name] for entry in known], marker=".", label=name)
        axes.axvline(best, color="#8a94a6", linestyle="--", label=f"kept: epoch {best}")
        axes.set(title=title, xlabel="epoch")
        axes.legend(frameon=False)
    return figure
