"""The outcome of a validation, and its page: Great Expectations' verdicts, self-contained, as its own site is not."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader

from data.stages.expectations import Verdict
from data.stores.atomic import read_json, write_text
from data.stores.manifest import validated_folder

NUMBER = re.compile(r"(?<![\w'])\d+(?:\.\d+)?(?![\w'])")


@dataclass(frozen=True)
class ValidationReport:
    """Outcome of one validation."""

    total: int
    accepted: int
    duplicates: int
    quarantine: dict[str, str]
    classes: dict[str, int]
    verdicts: list[Verdict]
    notices: list[str] = field(default_factory=list)

    @property
    def causes(self) -> list[str]:
        """One line a cause of quarantine, the most frequent first, with the first row's words.

        Reasons that differ only in a number or in the name of the sample's own file are one cause.
        """
        kinds: dict[str, list[str]] = {}
        for path, reason in self.quarantine.items():
            kinds.setdefault(NUMBER.sub("#", reason.replace(path, "")), []).append(reason)
        ranked = sorted(kinds.values(), key=len, reverse=True)
        return [f"{len(one)} {'sample' if len(one) == 1 else 'samples'}: {one[0]}" for one in ranked]

    @property
    def failures(self) -> list[str]:
        """Why the batch must not go on; empty when it may."""
        names = list(self.classes)
        return [
            f"class {names[row]!r} has {reason}" if verdict.column == "accepted" else reason
            for verdict in self.verdicts
            if verdict.column in {"accepted", "quarantined"}
            for row, reason in zip(verdict.rows, verdict.reasons, strict=True)
        ]


def report_page(root: Path, name: str) -> Path:
    """Path of the report page."""
    return root / ".regraft" / "reports" / name / "validation.html"


def write_report(path: Path, name: str, report: ValidationReport) -> None:
    """Renders the page atomically; every value is escaped, since paths and labels come from users."""
    page = Environment(loader=PackageLoader("data.stages", "."), autoescape=True).get_template("report.html")
    write_text(path, page.render(name=name, report=report))


def load_validation(root: Path, name: str) -> ValidationReport:
    """Reads the outcome back from the stage's output."""
    content = read_json(validated_folder(root, name) / "validation.json", f"run `regraft prepare {name}` again")
    return ValidationReport(**{**content, "verdicts": [Verdict(**verdict) for verdict in content["verdicts"]]})
