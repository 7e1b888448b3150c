"""What the flow hands on to the task."""

from pathlib import Path

from flows import score as module
from serving.score.files import Destination


def test_score__as_the_domain_says(project, monkeypatch):
    """Log and table as asked, and the probability below which no class is told as the YAML has it."""
    config, done = project / "domains" / "solar.yaml", []
    config.write_text(config.read_text() + "\nserving: {abstain_below: 0.7}\n")
    monkeypatch.setattr(module, "score_files", lambda paths, to: done.append((paths, to)) or "report")
    monkeypatch.setattr(module, "tend_log", done.append)
    assert module.score.fn("solar", ["a.png"], "said.csv", log=False) == "report"
    assert done == [(["a.png"], Destination("solar", log=False, table=Path("said.csv"), abstain_below=0.7)), "solar"]
