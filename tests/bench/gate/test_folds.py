"""Worlds of out-of-fold evidence: their truth is known, and every pair is compared on each kind of evidence."""

import numpy as np

from bench.gate.folds import DIRECTIONS, EVIDENCE, GAINS, folds


def test_folds__every_kind_of_evidence(project):
    """Each pair has one outcome by each kind of evidence."""
    random = np.random.default_rng(0)
    truth = np.arange(900) % 10
    features = 0.35 * random.normal(size=(10, DIRECTIONS))[truth] + random.normal(size=(900, DIRECTIONS))
    np.savez(project / "folds.npz", features=features, truth=truth)
    found = folds("", 0, 2)
    for gain in GAINS:
        counts = [found.get(f"{gain}/{evidence}/pairs", 0) for evidence in EVIDENCE]
        assert len(set(counts)) == 1
        outcomes = ("PROMOTE", "PROVISIONAL", "HOLD", "REJECT")
        assert sum(found.get(f"{gain}/out of fold/{outcome}", 0) for outcome in outcomes) == counts[0]
    assert sum(found.values()) > 0
