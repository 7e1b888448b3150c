"""A report reads well as Markdown, and says what could not be judged."""

import json
from dataclasses import replace

from monitoring.signals.report import DriftReport, DriftStatistic, Unjudged

STATISTIC = DriftStatistic("embedding_mmd2", 0.25, 0.125, 0.002, alarm=True, null=(0.1, 0.2), note="whole groups")
LACK = Unjudged("probability_ks", "needs 3 more sessions")


def report(*found: DriftStatistic | Unjudged) -> DriftReport:
    """A report of these."""
    return DriftReport.of(found, window_rows=200, reference_rows=900, false_alarm=0.01)


def test_markdown__table_and_calibration() -> None:
    """Verdict, counts, one row a statistic and how its null was drawn."""
    lines = report(STATISTIC, LACK).markdown().splitlines()
    assert lines[0] == "### Drift: 200 samples against 900 of the reference"
    assert "| embedding_mmd2 | 0.2500 | 0.1250 | 0.0020 | yes |" in lines
    assert "| probability_ks | | | | cannot judge: needs 3 more sessions |" in lines
    assert "False-alarm budget 0.01 a check, shared by 2 statistics." in lines
    assert lines[-1] == "Null windows: embedding_mmd2: whole groups."


def test_verdict() -> None:
    """One alarm is drift, whatever cannot be judged beside it; where nothing was judged nothing is said."""
    quiet = DriftStatistic("s", 0.1, 0.125, 0.4, alarm=False, null=())
    assert report(quiet, STATISTIC, LACK).verdict == "drift"
    assert report(quiet, LACK).verdict == "no drift"
    nothing = report(LACK)
    assert (nothing.verdict, nothing.drift, nothing.needs) == (
        "cannot judge",
        False,
        "probability_ks: needs 3 more sessions",
    )


def test_again__what_was_kept() -> None:
    """A report comes back from JSON with all but its null windows."""
    found = report(STATISTIC, LACK)
    again = DriftReport.again(json.loads(json.dumps(found.kept())))
    assert again == replace(found, statistics=(replace(STATISTIC, null=()),))
    assert again.verdict == "drift"
