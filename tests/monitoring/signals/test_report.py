"""A report reads well as Markdown."""

from monitoring.signals.report import DriftReport, DriftStatistic


def test_markdown__table_and_calibration() -> None:
    """Verdict, counts, one row a statistic and the calibration note."""
    statistic = DriftStatistic("embedding_mmd2", 0.25, 0.125, 0.002, alarm=True, null=(0.1, 0.2))
    lines = (
        DriftReport(
            (statistic,),
            drift=True,
            window_rows=200,
            reference_rows=900,
            false_alarm=0.01,
            calibration="whole groups, 45 groups",
        )
        .markdown()
        .splitlines()
    )
    assert lines[0] == "### Drift: 200 samples against 900 of the reference"
    assert "| embedding_mmd2 | 0.2500 | 0.1250 | 0.0020 | yes |" in lines
    assert lines[-1] == "Null windows: whole groups, 45 groups."
