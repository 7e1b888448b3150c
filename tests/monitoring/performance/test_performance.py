"""How much is lost: what labels and the estimate say together."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.inference.interval import Interval
from monitoring.performance.performance import Estimated, Labelled, Performance

LABELLED = Labelled(
    value=0.9, low=0.88, high=0.92, rows=100, groups=50, loss=Interval(0.0, -0.05, 0.05), harmed=False, e_value=1.0,
    representative=True, note="30 of 200 labelled",
)  # fmt: skip
ESTIMATED = Estimated(value=0.9, low=0.8, high=0.95, loss=Interval(0.0, -0.05, 0.05), trusted=True, note="by 60 known")
PERFORMANCE = Performance("accuracy", 0.9, (0.88, 0.92), 0.03, None, None, min_groups=20, note="No truth.")
SMALL, MUCH = Interval(0.02, 0.01, 0.06), Interval(0.2, 0.1, 0.3)
EDGE, WIDE = Interval(0.0, -0.13, 0.13), Interval(0.0, -0.14, 0.14)


@pytest.mark.parametrize(
    ("change", "harm"),
    [
        ({}, "none"),
        ({"loss": SMALL}, "small"),
        ({"loss": WIDE}, "unknown"),
        ({"loss": MUCH}, "small"),
        ({"harmed": True, "loss": MUCH}, "much"),
        ({"groups": 19, "harmed": True}, "unknown"),
        ({"groups": 20, "harmed": True}, "much"),
        ({"loss": Interval(0.02, -0.01, 0.05)}, "none"),
        ({"representative": False, "loss": SMALL}, "unknown"),
    ],
)
def test_harm__by_labels(change, harm):
    """Only the sequential proof shows much; few groups and labels unlike the rest tell nothing."""
    found = replace(PERFORMANCE, labelled=replace(LABELLED, **change))
    assert found.by_labels == found.harm == harm


@pytest.mark.parametrize(
    ("change", "harm"),
    [
        ({}, "none"),
        ({"loss": EDGE}, "none"),
        ({"loss": WIDE}, "unknown"),
        ({"loss": SMALL}, "small"),
        ({"loss": MUCH}, "much"),
        ({"loss": Interval(0.05, 0.01, 0.09)}, "small"),
        ({"loss": Interval(0.02, -0.01, 0.05)}, "none"),
        ({"loss": MUCH, "trusted": False}, "unknown"),
    ],
)
def test_harm__by_estimate(change, harm):
    """What surely exceeds the tolerance is much; what is not trusted says nothing."""
    found = replace(PERFORMANCE, estimated=replace(ESTIMATED, **change))
    assert found.by_estimate == found.harm == harm


def test_harm__unknown():
    """Neither labels nor an estimate."""
    assert PERFORMANCE.harm == "unknown"


def test_harm__the_worse_counts():
    """Labels that leave more than the tolerance open do not acquit, those that do not, do."""
    both = replace(PERFORMANCE, labelled=LABELLED, estimated=replace(ESTIMATED, loss=MUCH))
    assert both.harm == "much"
    surely = replace(LABELLED, loss=Interval(0.0, -0.03, 0.03))
    assert replace(both, labelled=surely).harm == "none"
    assert replace(both, labelled=replace(surely, representative=False)).harm == "much"


def test_metrics__what_there_is():
    """Figures of what was measured, under names of their own."""
    assert PERFORMANCE.metrics == {"performance_expected": 0.9}
    both = replace(PERFORMANCE, labelled=LABELLED, estimated=replace(ESTIMATED, value=0.8)).metrics
    assert both == {
        "performance_expected": 0.9,
        "performance_labelled": 0.9,
        "performance_harm_e_value": 1.0,
        "performance_estimated": 0.8,
    }


def test_told__in_one_line():
    """What is known, and what it is worth; an estimate that is not trusted is none."""
    assert PERFORMANCE.told == "accuracy unknown, expected 0.900: harm unknown"
    doubtful = replace(PERFORMANCE, labelled=LABELLED, estimated=replace(ESTIMATED, trusted=False))
    assert doubtful.told == "accuracy by labels 0.900 (0.880 to 0.920), expected 0.900: harm none"
    sure = replace(PERFORMANCE, estimated=ESTIMATED).told
    assert sure == "accuracy estimated 0.900 (0.800 to 0.950), expected 0.900: harm none"


def test_markdown__says_all():
    """Heading, a row for each, what is borne and what is missing."""
    text = replace(PERFORMANCE, labelled=LABELLED, estimated=replace(ESTIMATED, low=np.nan)).markdown()
    assert text.splitlines() == [
        "### Harm: none",
        "",
        "| accuracy | value | interval | note |",
        "|---|---|---|---|",
        "| expected | 0.9000 | 0.8800 to 0.9200 | at promotion, on the test set |",
        "| labelled | 0.9000 | 0.8800 to 0.9200 | 30 of 200 labelled |",
        "| estimated | 0.9000 | nan to 0.9500 | by 60 known |",
        "",
        "A loss of 0.03 is borne.",
        "No truth.",
    ]


@pytest.mark.parametrize(("metric", "threshold"), [("accuracy", 0.87), ("brier", 0.93)])
def test_judged__beside_what_is_borne(metric, threshold):
    """The least that is borne of a metric that should be large, the most of one that should be small."""
    doubted = replace(ESTIMATED, trusted=False)
    by_labels, estimated = replace(PERFORMANCE, metric=metric, labelled=LABELLED, estimated=doubted).judged
    assert by_labels["threshold"] == pytest.approx(threshold)
    assert (by_labels["name"], by_labels["value"], by_labels["verdict"]) == (f"{metric} by labels", 0.9, "harm none")
    assert estimated["verdict"] == "harm unknown, as it is not trusted"
    assert PERFORMANCE.judged == ()
