"""The validation report: one self-contained page of Great Expectations' verdicts, whose own site is not offline."""

from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader

from data.stores.atomic import write_text

if TYPE_CHECKING:
    from data.stages.validate import ValidationReport


def write_report(path: Path, name: str, report: "ValidationReport") -> None:
    """Renders the page atomically; every value is escaped, since paths and labels come from users."""
    page = Environment(loader=PackageLoader("data.stages", "."), autoescape=True).get_template("report.html")
    write_text(path, page.render(name=name, report=report))
