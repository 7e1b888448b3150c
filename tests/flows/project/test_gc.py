"""The flow that takes room back."""

import os

from flows.project.gc import gc


def test_gc__old_reports(project, prefect_api):
    """A report older than it is kept for goes, a younger one stays."""
    folder = project / ".regraft" / "reports" / "photos"
    folder.mkdir(parents=True)
    for name, days in (("v1.html", 8), ("v2.html", 6)):
        (folder / name).write_text("page")
        past = (folder / name).stat().st_mtime - days * 86_400
        os.utime(folder / name, (past, past))
    assert [one.path for one in gc(keep_days=7)] == [folder / "v1.html"]
    assert [path.name for path in folder.iterdir()] == ["v2.html"]
