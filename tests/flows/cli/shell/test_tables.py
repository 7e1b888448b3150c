"""What commands print can be read in a terminal of 80 columns: no line is longer, no word is torn, nothing is cut."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace as Found
from typing import Any
from unittest import mock

import click
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from evaluation.inference.interval import Interval
from evaluation.report.page import Report
from evaluation.report.summary import ClassRow, Confusion
from flows.cli import COMMANDS, regraft
from flows.cli.shell.tables import column_widths, print_facts, print_lines, print_table
from flows.shown.alerts import Standing
from flows.shown.doctor import Finding
from flows.shown.domains import Listed
from flows.shown.status import Status
from registry.ledger.ledger import Change, Ledger
from settings.machine import load_settings

NAME = "weld-seams-of-the-second-line-in-the-hall"  # as long as a domain's name may be
PATH = f"/srv/projects/{'a-folder-with-a-long-name/' * 3}images-of-january/0001.png"
CLASS = "a kind of crack with a rather long name of its own"
LONG = (
    "not enough evidence: balanced_accuracy improves by +0.0056 (-0.0023 to +0.0140); about 483 samples would settle "
    "that; what you can do: label more samples, of which data.split.test goes to the test set"
)
MANY = {f"{split}-of-the-year": 123456 for split in ("train", "val", "test", "left-out")}
INTERVAL = Interval(0.8123, 0.7123, 0.9123)
DECISION = Found(
    outcome="HOLD", reasons=(LONG, LONG), notes=(LONG,), uses=LONG,
    floors=[Found(name="calibration error", value=1.25e-9, rule="at most", limit=0.1, passed=True, note=LONG)],
)  # fmt: skip
PROMOTION = Found(domain=NAME, version=123, outcome="PROMOTE", reasons=(LONG,), champion=122)
SCORE = Found(
    backbone="vit_small_patch14_dinov2.lvd142m", size=518, stage="blocks.11", dimensions=1280, knn=INTERVAL,
    logme=INTERVAL, leep=-1.234, accuracies=(0.8, 0.9),
)  # fmt: skip
RECIPE = Found(
    recipe="gradual_unfreezing", mean=0.8, low=0.7, high=0.9, seconds=1234.5, cka=0.5, agreement=0.9, note=LONG
)
MONITORED = Found(
    domain=NAME,
    outcome="retrain",
    reason=LONG,
    samples=5000,
    statistics={"embedding_mmd2": 0.1},
    judged=[{"name": "balanced_accuracy by labels", "value": 0.1, "threshold": None, "verdict": LONG}],
    page=PATH,
    version=12,
    replayed=False,
    performance=LONG,
    started=(LONG,),
)
SCORED = Found(
    domain=NAME,
    version=12,
    samples=2,
    failed=1,
    failures=[Found(path=PATH, error=LONG)],
    predicted={CLASS: 1},
    logged=2,
    abstained=0,
)
AUDITED = Found(samples=10, counts={"near-duplicates across splits": 1}, left_out={"label noise": LONG}, page=PATH,
                table=PATH, run_id="a" * 32)  # fmt: skip
REPRODUCED = Found(metrics={"test_balanced_accuracy": (0.1, 0.1)}, dataset_version="d" * 36, samples=MANY,
                   largest_difference=0.0)  # fmt: skip
FORGOTTEN = Found(samples=1, predictions=2, dataset_versions=["d" * 36] * 3, remains=[LONG])
RANKED = Found(domain=NAME, samples=1000, available=2000, baseline=0.5, scores=[SCORE, SCORE], left_out={PATH: LONG})
# What the flow behind a command comes to, by command; its arguments behind the domain's name.
FLOWS: dict[str, tuple[Any, list[str]]] = {
    "prepare": (Found(version="d" * 36, folder=PATH, notices=(LONG,)), []),
    "train": (Found(version=3, run_id="a" * 32), []),
    "evaluate": (Found(decision=DECISION), ["3"]),
    "promote": (PROMOTION, ["3"]),
    "retrain": (PROMOTION, []),
    "rollback": (PROMOTION, ["--reason", "r"]),
    "monitor": (MONITORED, []),
    "reproduce": (REPRODUCED, ["3"]),
    "score": (SCORED, ["pyproject.toml"]),
    "audit": (AUDITED, []),
    "forget": (
        Found(samples=1, predictions=2, dataset_versions=["d" * 36] * 3, remains=[LONG]),
        ["--key", "k", "--yes"],
    ),
    "remove": (Found(domain=NAME, done=True, goes=[LONG], stays=[LONG]), ["--yes"]),
    "sweep": (Found(metric="balanced_accuracy", recipes=[RECIPE]), ["--recipes", "full"]),
}
FACTS = {"retrain": "0 3 * * 1", "monitor": "*/15 * * * *", "timezone": "America/Argentina/Buenos_Aires"}
STATUS = Status(
    domain=NAME, champion=2, previous=1, running=LONG, versions=dict.fromkeys(range(1, 30), "PROMOTE"),
    since={"action": "promote", "time": "2026-01-02T03:04:05.6+00:00", "actor": "Ada", "reason": LONG},
    champion_facts={"recipe": "full", "backbone": "b", "balanced_accuracy": "0.9 (0.8 to 1.0)"},
    quarantine={3: LONG}, dataset_version="d" * 36, schedule=FACTS, ledger_entries=2,
    test_set={"generation": 0, "uses": 3, "comparisons": 1, "comparisons allowed": 10},
    last_check={"outcome": "ok", "time": "2026-01-03T00:00:00+00:00", "reason": LONG, "trial": LONG},
    notices=[{"kind": "check", "since": "2026-01-03T00:00:00+00:00", "text": LONG, "remedy": "regraft retrain a"}],
)  # fmt: skip
REPORT = Report(
    NAME, 3, 2, {"accuracy": LONG, "why": LONG}, (ClassRow(CLASS, 10, 0.5, 0.5, 0.5),),
    (Confusion(CLASS, CLASS[::-1], 3, 10),), "http://127.0.0.1:5000/#/experiments/1/runs/" + "a" * 32, PATH,
)  # fmt: skip
CHECKED = Found(
    domain=NAME, samples=1, accepted=1, copies=3, classes=MANY, splits=MANY, given=MANY, left_out=(LONG,),
    quarantine=(LONG, LONG), notices=(LONG,), failures=(LONG,), page=PATH,
)  # fmt: skip
DAY = "2026-01-02T03:04:05+00:00"
LISTED = [
    Listed(NAME, 12, "2026-01-02T03:04:05+00:00", "0 3 * * 1", "*/15 * * * *", LONG, LONG, 1),
    Listed("a", *[None] * 4, "", ""),
]
# What a function that a command calls returns, by command; arguments likewise.
CALLS: dict[str, tuple[str, Any, list[str]]] = {
    "status": ("flows.shown.status.domain_status", STATUS, [NAME]),
    "domains": ("flows.shown.domains.list_domains", LISTED, []),
    "alerts": (
        "flows.shown.alerts.alerts", [Standing(NAME, "k", "broken data", LONG, DAY, LONG, open=True, muted=DAY)], [],
    ),
    "rebaseline": (
        "flows.rebaseline.rebaseline",
        Found(domain=NAME, version=3, samples=200, last_check=LONG), [NAME, "--reason", "r"],
    ),
    "doctor": ("flows.shown.doctor.examine", [Finding(f"{NAME}: domain file", ok=False, found=f"{LONG} {PATH}")], []),
    "report": ("flows.shown.report.report_version", REPORT, [NAME]),
    "check": ("tasks.check.check_domain", CHECKED, [NAME]),
    "new": ("flows.project.new.write_domain", (PATH, {"image size": LONG, "classes": LONG}), [NAME, "--images", "."]),
    "hand-over": (
        "flows.shown.hand_over.hand_over_version",
        Found(domain=NAME, version=3, folder=PATH, program=PATH),
        [NAME, "x"],
    ),
    "feedback": (
        "tasks.feedback.file_feedback",
        Found(rows=3, labels=3, matched=1, path=PATH, unknown={CLASS: 3}, where="tasks.digit.classes"),
        [NAME, "pyproject.toml"],
    ),
}  # fmt: skip
# by themselves below or in tests of their own, or they print as they go
OTHERS = {
    "backup", "canary", "clean", "demo", "deployments", "down", "gc", "init", "keys", "ledger", "logs", "ps", "rank",
    "restore", "serve", "split", "up", "upgrade",
}  # fmt: skip


@pytest.fixture
def run(tracked: Path) -> Iterator[Any]:
    """Runs a command in a terminal of 80 columns, in a project that knows the domain; returns what it printed."""
    (tracked / "domains" / f"{NAME}.yaml").write_text((tracked / "domains" / "digits.yaml").read_text())

    def printed(*arguments: str) -> str:
        done = CliRunner(env={"COLUMNS": "80"}).invoke(regraft, arguments)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert done.stdout, done.stderr
        return done.stdout

    with mock.patch.dict(os.environ):
        yield printed


def torn(text: str) -> set[str]:
    """Words of LONG that do not stand whole in a text that begins with them."""
    words = set(text.replace("│", " ").split())
    return {word for word in LONG.split() if word not in words}


def too_long(text: str) -> list[str]:
    """Lines beyond 80 columns, unless one word that is to be copied makes them so."""
    lines = [line for line in text.splitlines() if cell_len(line) > 80]
    return [line for line in lines if max(map(len, line.split())) < 60]


def test_walk__every_command():
    """No command that prints is left out."""
    assert {*FLOWS, *CALLS, *OTHERS} == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_walk__what_flows_come_to(run, monkeypatch, name):
    """Commands that run a flow, with long names, reasons and paths in what came of it."""
    found, more = FLOWS[name]
    command = regraft.get_command(click.Context(regraft), name)
    module = command.callback.__module__
    monkeypatch.setattr(f"{module}.run_flow", lambda *arguments, **options: found)
    monkeypatch.setattr("tasks.leaving.removal.plan_removal", lambda domain: found)
    monkeypatch.setattr("flows.shown.report.report_version", lambda *asked: REPORT)
    shown = run(name, NAME, *more)
    assert too_long(shown) == []
    assert LONG.split(maxsplit=1)[0] not in shown.split() or torn(shown) == set()


@pytest.mark.parametrize("name", sorted(CALLS))
def test_walk__what_is_looked_up(run, monkeypatch, name):
    """Commands that look something up, likewise."""
    place, found, arguments = CALLS[name]
    monkeypatch.setattr(place, lambda *given, **options: found)
    shown = run(name, *arguments)
    assert too_long(shown) == []
    assert "balanced_accuracy" not in shown or torn(shown) == set()


@pytest.mark.parametrize("backbones", [1, 2])
def test_walk__rank(run, monkeypatch, backbones):
    """Nine columns, ten where several backbones are ranked."""
    other = Found(**{**vars(SCORE), "backbone": "tf_efficientnet_lite0.imagenet"})
    found = Found(**{**vars(RANKED), "scores": [SCORE, other][:backbones]})
    monkeypatch.setattr("flows.cli.models.rank.run_flow", lambda *arguments: found)
    monkeypatch.setattr("flows.cli.models.rank.asdict", vars)
    shown = run("rank", NAME)
    assert (too_long(shown), torn(shown)) == ([], set())


def test_walk__ledger_and_split(run, monkeypatch):
    """A row with a long reason; the head of a chain stays whole on its line."""
    facts = {"actor": "Ada Lovelace", "reason": LONG, "evidence": "e" * 64, "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change(NAME, "promote", None, 1, **facts))
    for arguments in ((NAME,), (NAME, "--at", "2026-01-01"), ("verify",)):
        assert too_long(run("ledger", *arguments)) == []
    assert torn(run("ledger", NAME)) == set()
    monkeypatch.setattr("flows.cli.data.split.run_flow", lambda *arguments: Found(retired=1, fresh=2, generation=3))
    assert too_long(run("split", "refresh", NAME)) == []


def test_print_table__no_room(monkeypatch, capsys):
    """Columns that cannot be read beside each other stand below each other."""
    monkeypatch.setenv("COLUMNS", "80")
    print_table("wide", [{f"column{number}": f"value-{number}" * 2 for number in range(9)}] * 2)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines.count(["│", "column8", "│", "value-8value-8", "│"]) == 2


def test_print_table__title_and_nothing(capsys):
    """A title is not squeezed into a narrow table; a table without rows says so."""
    print_table("a title that is wider than the table", [{"a": 1}])
    print_table("empty", [])
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "a title that is wider than the table"
    assert shown[-2:] == ["empty", "nothing yet"]


def test_print_facts__path(monkeypatch, capsys):
    """A path that does not fit stands whole below the table."""
    monkeypatch.setenv("COLUMNS", "80")
    print_facts("title", {"samples": 3, "page": PATH})
    assert capsys.readouterr().out.splitlines()[-1] == f"page: {PATH}"


def test_print_facts__brackets(capsys):
    """A path or class with brackets is shown as it is, not taken for markup."""
    print_facts("title [/b]", {"file": "/data/[bold]/[/red].png"})
    assert "/data/[bold]/[/red].png" in capsys.readouterr().out


def test_print_lines__between_words(monkeypatch, capsys):
    """Lines are wrapped between words and go on below their text; a long word stays whole."""
    monkeypatch.setenv("COLUMNS", "30")
    print_lines([f"- one two three four five six seven {PATH}"])
    assert capsys.readouterr().out.splitlines() == ["- one two three four five six", "  seven", f"  {PATH}"]


def test_column_widths():
    """All they want where there is room; else short ones stay whole; None where a word had to be torn."""
    columns = [["when", "2026-01-02 03:04"], ["why", "word " * 20]]
    assert column_widths(columns, 200) == [16, 100]
    assert column_widths(columns, 40) == [16, 17]
    assert column_widths(columns, 24) == [11, 6]
    assert column_widths(columns, 20) is None
