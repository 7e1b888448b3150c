"""What docs/serving.md tells to type is typed: each curl, each program, each command of keys, in its order."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli import regraft

ELSEWHERE = ("regraft serve", "regraft canary")  # typed in tests/flows/cli
EXPLAIN = "/explain"  # typed in tests/serving/http/page/test_explained.py
PAGE = Path(__file__).parents[3] / "docs" / "serving.md"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl is installed")
def test_serving_page__commands_work(tiny_server, tmp_path, monkeypatch, shade):
    """Against a service of `photos` on a free port, where the page says `solar` and 8000."""
    monkeypatch.chdir(tmp_path)
    Path("cell.png").write_bytes(shade(20))
    Path("another.png").write_bytes(b"no picture")
    text = PAGE.read_text().replace("solar", "photos").replace("8000", str(tiny_server()))
    done = []
    for kind, block in re.findall(r"```(console|python)\n(.*?)```", text, re.DOTALL):
        lines = [block] if kind == "python" else told(block)
        done += [ran(kind, line) for line in lines]
    curls = [json.loads(said) for said in done if said.startswith("{")]
    assert len(curls) == 4
    assert [one["label"] if "label" in one else one["error"][:12] for one in curls[0]["predictions"]] == [
        "dark", "not an image",
    ]  # fmt: skip
    assert [found["predictions"][0]["version"] for found in (curls[1], curls[3])] == [3, 3]
    assert curls[2]["classes"] == ["dark", "bright"]
    assert [said for said in done if said.startswith("dark")] == ["dark\n", "dark 3\n"]
    assert len([said for said in done if said.startswith("regraft_")]) == 2


def told(block: str) -> list[str]:
    """The lines of a console that are typed here."""
    return [line for line in block.splitlines() if not line.startswith(ELSEWHERE) and EXPLAIN not in line]


def ran(kind: str, text: str) -> str:
    """What a line of a console, or a program, prints."""
    if text.startswith("regraft "):
        said = CliRunner().invoke(regraft, shlex.split(text)[1:], catch_exceptions=False).stdout
        if "--role predict" in text:
            os.environ["KEY"] = said.strip()
        return said
    command = [sys.executable, "-c", text] if kind == "python" else ["bash", "-c", text]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    """A key that the test made is forgotten."""
    monkeypatch.setenv("KEY", "")
