"""Pairs for the simulation of the gate: their true difference is what is claimed."""

import numpy as np

from bench.gate.pool import NEARLY, dealt, load_garments


def test_pairs__true_gain(garments):
    """Every pair differs by what was asked for; the margin is that of the champion's error."""
    for gain in (0.1, 0.0):
        pairs = garments.pairs(gain)
        assert pairs
        assert all(abs(garments.accuracy[two] - garments.accuracy[one] - gain) < NEARLY for one, two in pairs)
    below = garments.pairs(None)
    assert all(garments.accuracy[one] - garments.accuracy[two] > 0.02 - NEARLY for one, two in below)


def test_nearest__of_that_accuracy(garments):
    """Another probe of about that accuracy; the same one where there is none."""
    random = np.random.default_rng(0)
    found = garments.nearest(garments.accuracy[0], random, 1)
    assert abs(garments.accuracy[found] - garments.accuracy[0]) < NEARLY
    assert garments.nearest(0.01, random, 1) == 1


def test_dealt__neither_is_better(garments):
    """Each sample keeps both answers, and over many samples the two models are equal."""
    rows = np.arange(len(garments.truth))
    before, after = garments.said(0, rows), garments.said(len(garments.accuracy) - 1, rows)
    one, other = dealt(before, after, np.random.default_rng(0))
    np.testing.assert_allclose(one.probabilities + other.probabilities, before.probabilities + after.probabilities)
    right = [(model.probabilities.argmax(1) == model.truth).mean() for model in (one, other)]
    assert abs(right[0] - right[1]) < 0.05 < abs(garments.accuracy[0] - garments.accuracy[-1])


def test_load_garments__as_stored(garments, tmp_path):
    """What was probed once is read again, and accuracies are those of all samples."""
    again = load_garments(tmp_path, tmp_path)
    np.testing.assert_array_equal(again.probabilities, garments.probabilities)
    assert again.accuracy[0] == (garments.probabilities[0].argmax(1) == garments.truth).mean()
