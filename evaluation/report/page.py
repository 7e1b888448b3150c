"""The page about one judged version: what the terminal says, and the figures of its evaluation."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader

from data.stores.atomic import write_text
from evaluation.report.summary import ClassRow, Confusion


@dataclass(frozen=True)
class Report:
    """One version as it was judged: its figures by name and value, the classes, the mistakes, and its page."""

    domain: str
    version: int
    champion: int | None
    facts: dict[str, str]
    classes: tuple[ClassRow, ...]
    confusions: tuple[Confusion, ...]
    mlflow: str
    page: str


def write_report(path: Path, report: Report, figures: Mapping[str, bytes]) -> None:
    """Writes one self-contained page; `figures` are PNG files by name. Names of classes are escaped."""
    page = Environment(loader=PackageLoader("evaluation.report", "."), autoescape=True).get_template("report.html")
    pictures = {
        name.replace("_", " "): f"data:image/png;base64,{b64encode(png).decode()}" for name, png in figures.items()
    }
    write_text(path, page.render(report=report, pictures=pictures))
