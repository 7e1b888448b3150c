"""The shelf of a domain's pages: one page and one JSON a check, the latest beside them, old ones taken away."""

from datetime import datetime, timedelta
from pathlib import Path

from data.stores.atomic import write_text
from monitoring.page.run import Checked

LATEST, CHECKS = "drift.html", "checks"
STAMP = "%Y%m%dT%H%M%S"


def write_page(checked: Checked, folder: Path, now: datetime, *, keep_days: int) -> Path:
    """Writes the page and JSON of a check below `folder`/checks, and as the latest page; returns the check's page.

    The latest is one file that loads nothing. Those of the shelf share Evidently's script, 3 MB of each page.

    Raises:
        StorageError: the disk refuses the write.
    """
    shelf, whole = folder / CHECKS, checked.snapshot.get_html_str(as_iframe=False)
    shelf.mkdir(parents=True, exist_ok=True)
    page = shelf / f"{now:{STAMP}}.html"
    write_text(page, _sharing(whole, shelf))
    write_text(page.with_suffix(".json"), checked.snapshot.json())
    write_text(folder / LATEST, whole)
    _remove_old(shelf, now - timedelta(days=keep_days))
    return page


def _sharing(page: str, shelf: Path) -> str:
    """A page that takes Evidently's script from a file beside it."""
    import evidently

    script = (Path(evidently.__file__).parent / "nbextension" / "static" / "index.js").read_text(encoding="utf-8")
    if script not in page:
        return page
    name = f"evidently-{evidently.__version__}.js"
    if not (shelf / name).exists():
        write_text(shelf / name, script)
    return page.replace(f"<script>{script}</script>", f'<script src="{name}"></script>')


def _remove_old(shelf: Path, before: datetime) -> None:
    """Pages are as old as their names say."""
    for page in shelf.glob("*T*.*"):
        if page.stem < f"{before:{STAMP}}":
            page.unlink(missing_ok=True)
