"""A batch in numbers."""

from serving.score_report import Outcome, summarise

OUTCOMES = [
    Outcome("0.png", "dark", None),
    Outcome("1.png", "bright", None),
    Outcome("2.png", "dark", None),
    Outcome("3.png", "bright", None),
    Outcome("4.png", None, "cannot be read"),
]


def test_summarise__counts_slices() -> None:
    """Every slice value gets its counts, failed files among them."""
    report = summarise("shade", 1, OUTCOMES, ("dark", "bright"), {"line": ["a", "a", "a", "b", "b"]})
    assert report.slices.to_dict("records") == [
        {"column": "line", "value": "a", "samples": 3, "undecodable": 0, "dark": 2, "bright": 1},
        {"column": "line", "value": "b", "samples": 2, "undecodable": 1, "dark": 0, "bright": 1},
    ]


def test_summarise__without_slices() -> None:
    """The batch as a whole: every class in the model's order, failures with their reasons, an empty table of slices."""
    report = summarise("shade", 1, OUTCOMES, ("dark", "bright", "grey"), {})
    assert (report.samples, list(report.predicted.items())) == (5, [("dark", 2), ("bright", 2), ("grey", 0)])
    assert (report.failures, len(report.slices)) == ((OUTCOMES[4],), 0)
