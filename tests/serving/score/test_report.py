"""A batch in numbers."""

from datetime import UTC, datetime

from serving.log.schema import Prediction
from serving.score.report import Outcome, Tally


def test_tally__counts() -> None:
    """Every class in the model's order, and failures with their reasons."""
    tally = Tally(("dark", "bright", "grey"))
    for path, predicted in (("0.png", "dark"), ("1.png", "bright"), ("2.png", "dark"), ("4.png", None)):
        error = None if predicted else "cannot be read"
        tally.add(Prediction(datetime.now(UTC), 1, "t", None, path, predicted, error=error))
    tally.add(Prediction(datetime.now(UTC), 1, "t", None, "5.png", "grey", abstained=True))
    report = tally.report("shade", 1, logged=True)
    assert (report.samples, list(report.predicted.items())) == (5, [("dark", 2), ("bright", 1), ("grey", 0)])
    assert (report.failed, report.failures, report.logged) == (1, (Outcome("4.png", "cannot be read"),), 5)
    assert report.abstained == 1
    assert tally.report("shade", 1, logged=False).logged == 0
