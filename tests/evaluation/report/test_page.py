"""The page about a judged version."""

from evaluation.report.page import Report, write_report
from evaluation.report.summary import ClassRow, Confusion


def test_write_report__escapes_and_embeds(tmp_path):
    """Names of users are text and no markup; figures stand in the page, which needs no other file."""
    rows, mistakes = (ClassRow("<b>", 4, 0.25, 1.0, 0.5),), (Confusion("<b>", "dog", 3, 4),)
    found = Report("photos", 2, 1, {"auc": "0.9"}, rows, mistakes, "http://mlflow", "page")
    write_report(tmp_path / "v2.html", found, {"confusion_matrix": b"png"})
    page = (tmp_path / "v2.html").read_text()
    assert "<td>&lt;b&gt;</td>" in page
    assert "&lt;b&gt; taken for dog: 3 of 4" in page
    assert '<img src="data:image/png;base64,cG5n" alt="confusion matrix">' in page
    assert "recall of v1" in page
