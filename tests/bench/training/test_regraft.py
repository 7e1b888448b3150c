"""Regraft's side really runs the engine."""

import json

import pytest

from bench.training.regraft import full, partial_cached, partial_uncached, probe, shards, shards_as_bytes


def progress(root) -> dict[str, object]:
    """What the fit in the project wrote of its epochs."""
    (written,) = (root / "fits").glob("*/progress.json")
    return json.loads(written.read_text())


def test_full__counts_epochs_after_the_first(tracked):
    """The rate is that of the engine's own clock over the second epoch."""
    value = full(32, 12, 6, 2)["value"]
    second = progress(tracked)["history"][1]
    assert value == pytest.approx(12 / second["seconds"])


@pytest.mark.parametrize(("side", "kept"), [(partial_cached, True), (partial_uncached, False)])
def test_partial__the_cache_is_the_difference(tracked, side, kept):
    """One side leaves activations of an augmented view behind, the other none."""
    assert side(32, 12, 6, 3, 1)["value"] > 0
    views = list((tracked / ".regraft" / "cache" / "features").glob("*-view0"))
    assert bool(views) == kept
    assert len(progress(tracked)["history"]) == 4


def test_probe__counts_everything(tracked):
    """Seconds hold what came before training, too, and the probe runs all its epochs."""
    values = probe(32, 12, 6, 5)
    assert values["value"] > values["before_training"] > 0
    assert len(progress(tracked)["history"]) == 5


def test_shards__give_rates(project):
    """Both ways of reading give images a second."""
    assert shards(32, 12, 6, 2)["value"] > 0


def test_shards_as_bytes__give_rates(project):
    """Reading alone gives images a second."""
    assert shards_as_bytes(32, 12, 6, 2)["value"] > 0
