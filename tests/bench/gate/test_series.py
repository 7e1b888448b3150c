"""Series of looks and of successors, as the gate sees them."""

import numpy as np

from bench.gate.series import LOOKS, RULE, finding, ten_looks, ten_successors


def test_finding__later_looks_ask_more(garments):
    """What a first look shows as better, one after many unrelated looks may not."""
    rows = np.arange(120)
    pair = garments.said(0, rows), garments.said(12, rows)
    assert finding(*pair, rule=RULE).better
    assert not finding(*pair, rule=RULE, told=1e6).better


def test_ten_looks__what_they_told(garments):
    """Ten challengers tell as much as between one and ten; better ones are promoted."""
    promoted, _, told = ten_looks(garments, np.random.default_rng(0), garments.pairs(0.1), 300)
    assert promoted
    assert 1 <= told <= LOOKS


def test_ten_successors__held(garments):
    """Whoever is held to the best version loses no more than without it on average."""
    lost = {
        held: np.mean([ten_successors(garments, np.random.default_rng(seed), 600, held=held)[0] for seed in range(12)])
        for held in (False, True)
    }
    assert lost[True] <= lost[False] + 1e-9
