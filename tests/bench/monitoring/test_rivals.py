"""What others say is rare in quiet windows and certain in far ones."""

import numpy as np
import pytest

from bench.monitoring.rivals import evidently_embedding, permuted_mmd, plain_bbsd
from monitoring.signals.two_sample import gaussian_kernel

RANDOM = np.random.default_rng(0)
KNOWN, QUIET, FAR = RANDOM.normal(size=(200, 8)), RANDOM.normal(size=(80, 8)), RANDOM.normal(size=(80, 8)) + 2


def test_permuted_mmd__p_value():
    """Of far rows no permutation is as large, of quiet ones many."""
    assert permuted_mmd(gaussian_kernel(np.concatenate([KNOWN, FAR])), 200, 0) == 0
    assert permuted_mmd(gaussian_kernel(np.concatenate([KNOWN, QUIET])), 200, 0) > 0.05


def test_plain_bbsd__bonferroni():
    """The smallest p-value times the number of classes; two classes are one."""
    known, seen = np.abs(KNOWN), np.abs(FAR)
    assert plain_bbsd(known, seen) < 1e-6
    three = plain_bbsd(known[:, [0, 0, 0]], QUIET[:, [0, 0, 0]])
    assert three == pytest.approx(3 * plain_bbsd(known[:, [1, 0]], QUIET[:, [1, 0]]))


def test_evidently_embedding__auc():
    """The score is an AUC."""
    score = evidently_embedding()
    assert score(KNOWN, FAR) > 0.9
    assert 0.2 < score(KNOWN, QUIET) < 0.8
