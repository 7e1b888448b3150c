"""The demo for real: all of ELPV, real weights, every flow; about four minutes on two cores."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REGRAFT = Path(sys.executable).with_name("regraft")


def run(*arguments: str) -> str:
    """Standard output of a command that must end well."""
    done = subprocess.run(
        [str(REGRAFT), *arguments], capture_output=True, text=True, env={**os.environ, "COLUMNS": "250"}, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_demo__tells_the_whole_story(project: Path) -> None:
    """Quarantine, a first champion, drift, a sabotaged model that stays out, and a ledger that says all of it."""
    told = run("demo")
    for reason in ("text.png: not an image", "truncated.png: cannot be decoded", "labelled 'scorched', which"):
        assert reason in told
    assert "1074 of 1077 rows accepted" in told
    assert "retrain: drift: embedding_mmd2" in told

    assert re.search(r"\d+ answers, 0 requests failed", told)
    assert " by v" in told.partition("200 cells in one request")[2]

    entries = json.loads(run("ledger", "solar", "--json"))
    status = json.loads(run("status", "solar", "--json"))
    assert (entries[0]["action"], entries[0]["from_version"], entries[0]["to_version"]) == ("promote", None, 1)
    assert all(entry["to_version"] != 3 and entry["actor"] and entry["reason"] for entry in entries)
    assert all(len(entry["evidence"]) == 64 for entry in entries if entry["action"] == "promote")
    assert status["versions"]["3"] == "REJECT"
    assert status["champion"] == entries[-1]["to_version"]
    known = status["champion"] == 2  # it has learned from cells of both kinds, as the service was asked; v1 has not
    assert status["last_check"]["outcome"] in ({"ok"} if known else {"retrain", "hold", "watch"})

    pages = project / ".regraft" / "reports" / "solar"
    assert (pages / "validation.html").stat().st_size > 1000
    assert (pages / "drift.html").stat().st_size > 100_000
    clean = subprocess.run(
        [str(REGRAFT.with_name("dvc")), "status", "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(clean.stdout) == {}

    again = json.loads(run("reproduce", "solar", "1", "--json"))
    assert again["largest_difference"] == 0
    assert sum(again["samples"].values()) == 1074
