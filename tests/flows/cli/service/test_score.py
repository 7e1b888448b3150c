"""Files are named in any way, and answered as a table, as JSON or line by line."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from PIL import Image

from flows.cli import regraft
from flows.cli.service import score
from flows.cli.service.score import _few, _lasting, _show, _traffic
from registry.ledger.ledger import Change, Ledger
from serving.errors import ServingError
from serving.log.predictions import read
from serving.score.report import ScoreReport
from settings.machine import load_settings


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (1, 0), (2, 5)])
def test_score__exit_code(failed, code, tmp_path, monkeypatch):
    """Where every file failed nothing was scored; where some did the rest is worth having."""
    failures = (SimpleNamespace(path="a", error="no image"),) * failed
    found = SimpleNamespace(
        domain="photos",
        version=1,
        samples=2,
        predicted={},
        failed=failed,
        failures=failures,
        logged=0,
        abstained=0,
    )
    monkeypatch.setattr(score, "prepared_flow", lambda *_: None)
    monkeypatch.setattr(score, "run_flow", lambda *_, **__: found)
    assert CliRunner().invoke(regraft, ["score", "photos", str(tmp_path)]).exit_code == code


def test_lasting__ways_out_of_a_folder(tmp_path, monkeypatch):
    """A name is told as a person would write it; a link keeps its own, and what is no file stays as it is."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path / "in")
    given = ["../a.png", "link.png", "*.png", "s3://bucket/../a.png", "-"]
    inside = [f"{tmp_path}/a.png", f"{tmp_path}/in/link.png", f"{tmp_path}/in/*.png"]
    assert [_lasting(name) for name in given] == [*inside, "s3://bucket/../a.png", "-"]


def test_show__abstentions(project, capsys):
    """How many have no class, and why, where there are any."""
    _show(ScoreReport("solar", 2, 7, {"functional": 4}, 0, (), 7, abstained=3), None)
    assert "solar v2: 7 files, 0 failed, 3 of no class (serving.abstain_below); of each" in capsys.readouterr().out
    _show(ScoreReport("solar", 2, 7, {"functional": 7}, 0, (), 7), None)
    assert "of no class" not in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [[], ["--stream", "a.png"], ["--stream", "--output", "a.csv"]])
def test_score__wrong_usage(wrong):
    """Nothing to score, and a stream that is told of files."""
    assert CliRunner().invoke(regraft, ["score", "photos", *wrong]).exit_code == 2


def test_traffic__says_what_will_start(project):
    """What was counted, and what that may start, by the domain's own schedule."""
    plan = project / "domains" / "solar.yaml"
    plan.write_text(plan.read_text().replace("# monitor:", "monitor:"))
    assert _traffic("solar", 0) == "Nothing was counted as traffic (--no-log)."
    assert "98 files were counted as traffic" in _traffic("solar", 98)
    assert "while `regraft up` runs (0 * * * *); drift starts a retrain" in _traffic("solar", 98)
    assert "when you run `regraft monitor digits`; drift starts a retrain where `regraft up` runs" in _traffic(
        "digits", 1
    )


def test_few__a_shell_made_many_of_a_pattern(project):
    """Up to a hundred names are parameters of a flow; more are a table of them, which goes afterwards."""
    paths = [str(project / f"{number}.png") for number in range(101)]
    for path in paths:
        Path(path).touch()
    with _few(paths[:100]) as names:
        assert names == paths[:100]
    with _few(paths) as names:
        (table,) = names
        with Path(table).open(newline="") as file:
            assert [row["path"] for row in csv.DictReader(file)] == paths
    assert not Path(table).exists()
    with pytest.raises(ServingError, match="absent.png: no such file"), _few([*paths, "absent.png"]):
        pass


@pytest.mark.parametrize("below", [0.0, 0.99999])
def test_stream__line_by_line(registered, project, tmp_path, below):
    """A line of JSON for each path, in order, the bad one with its reason; all are logged. None is sure: no label."""
    registered()
    facts = {"actor": "me", "reason": "test", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action="promote", expected=None, to=1, **facts))
    solar = (project / "domains" / "solar.yaml").read_text()
    (project / "domains" / "photos.yaml").write_text(f"{solar}\nserving: {{abstain_below: {below}}}\n")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    Image.new("L", (32, 32), 30).save(tmp_path / "good.png")
    command = [sys.executable, "-c", "from flows.cli import main; main()", "score", "photos", "--stream"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=tmp_path) as process:
        lines = []
        for name in ("bad.png\n", f"\n{tmp_path}/good.png\n"):  # the next is sent once the one before is answered
            process.stdin.write(name)
            process.stdin.flush()
            lines.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(60) == 0
    bad, told = lines
    assert (bad["path"], "not an image" in bad["error"]) == (f"{tmp_path}/bad.png", True)
    likeliest = max(told["probabilities"], key=told["probabilities"].get)
    assert (told["label"], told["abstained"]) == ((None, True) if below else (likeliest, False))
    assert read("photos")["id"].tolist() == [bad["id"], told["id"]]
