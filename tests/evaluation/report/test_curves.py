"""The figure of a training run: what is known of each epoch, and which was kept."""

from evaluation.report.curves import training_curves_figure


def test_training_curves_figure__losses_and_the_kept_epoch():
    """Both losses and the accuracy are drawn where they are known; the line stands at the epoch that was kept."""
    history = [{"epoch": 1, "val_loss": 2.0}, {"epoch": 2, "train_loss": 1.0, "val_loss": 1.5, "val_accuracy": 0.5}]
    losses, accuracy = training_curves_figure(history, 2).axes
    drawn = {line.get_label(): line.get_xdata() for line in losses.lines}
    assert {name: list(found) for name, found in drawn.items()} == {
        "train_loss": [2], "val_loss": [1, 2], "kept: epoch 2": [2, 2],
    }  # fmt: skip
    assert list(accuracy.lines[0].get_ydata()) == [0.5]
