"""Answers that are no numbers."""

from monitoring.broken.sign import Scene, Sign


def no_numbers(scene: Scene) -> Sign:
    """Share of rows whose probabilities or embedding are not finite; a sound model gives none."""
    rows, wrong = scene.window.samples, int((~scene.window.finite).sum())
    told = (
        f"{wrong} of {rows} samples have probabilities or embeddings that are no numbers; look at the model and its "
        "runtime, a rollback brings back the one before"
    )
    return Sign("no numbers", wrong / max(rows, 1), 0, told)
