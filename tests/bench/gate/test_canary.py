"""The simulation of canaries, on made-up answers."""

import numpy as np
import pandas as pd
import pytest

from bench.gate.canary import GAINS, HOURS, LABELLED, REQUESTS, cells, section
from bench.gate.canary import _course as course
from bench.report import NOT_RUN
from evaluation.predictions.predictions import Predictions


def said(truth: np.ndarray, right: np.ndarray) -> Predictions:
    """Answers that are right where they are said to be."""
    names = [str(number) for number in range(len(truth))]
    probabilities = np.eye(2)[np.where(right, truth, 1 - truth)]
    slices = pd.DataFrame(index=range(len(truth)))
    return Predictions(names, truth, probabilities, np.ones(len(truth)), names, slices, ("a", "b"))


@pytest.mark.parametrize(("better", "end", "sign"), [(1.0, "PROMOTE", -1), (0.6, "WITHDRAW", 1)])
def test_course__ends_by_labels(better, end, sign):
    """Who is right more often is promoted, who is right less often is withdrawn, long before the time limit."""
    generator = np.random.default_rng(1)
    truth = generator.integers(2, size=REQUESTS)
    champion, challenger = (said(truth, generator.random(REQUESTS) < share) for share in (0.8, better))
    found, requests, lost = course(champion, challenger, 0.2, 0.5, generator)
    assert (found, np.sign(lost)) == (end, sign)
    assert requests < REQUESTS / 4


def test_course__nothing_is_known():
    """Without labels and agreement it ends at the time limit."""
    generator = np.random.default_rng(1)
    truth = generator.integers(2, size=REQUESTS)
    pair = [said(truth, generator.random(REQUESTS) < 0.8) for _ in range(2)]
    assert course(*pair, 0.2, 0.0, generator)[:2] == ("HOLD", REQUESTS)
    assert pytest.approx(168) == HOURS * REQUESTS


def test_section__a_table_for_each_share_of_labels():
    """What was not run says so."""
    known = {"PROMOTE": 3, "WITHDRAW": 1, "HOLD": 0, "runs": 4, "requests": 1250.0, "worse": -2.5}
    page = section({"equal/0.2": {"values": known}})
    assert "| equal | 75.0% | 25.0% | 0.0% | 1,250 | -2.5 |" in page
    assert page.count(NOT_RUN) == 5 * (len(GAINS) * len(LABELLED) - 1)
    assert {one.name for one in cells("i", 4)} >= {"equal/0.2", "-5 points/0.0"}
