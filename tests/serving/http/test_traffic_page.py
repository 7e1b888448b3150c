"""What docs/traffic.md tells to send and to run is sent and run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from serving.feedback.labels import history

PAGE = Path(__file__).parents[3] / "docs" / "traffic.md"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl is installed")
def test_traffic_page__commands_work(tiny_server, tmp_path, monkeypatch, shade):
    """Against a service of `photos` on a free port, where the page says `solar` and 8000, and other classes."""
    monkeypatch.chdir(tmp_path)
    Path("cell.png").write_bytes(shade(20))
    text = PAGE.read_text().replace("solar", "photos").replace("8000", str(tiny_server()))
    text = text.replace("functional", "dark").replace("defective", "bright")
    answers = [json.loads(ran(["bash", "-c", line])) for line in re.findall(r"^curl .*$", text, re.MULTILINE)]
    assert [one["predictions"][0]["label"] for one in answers[:2]] == ["dark", "dark"]
    assert answers[2:] == [{"accepted": 1}] * 2
    assert history("photos")["label"].tolist() == ["dark", "bright"]
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert ran([sys.executable, "-c", f"{program}\nprint(list(rows))"]).strip().endswith("'label', 'labelled']")


def ran(command: list[str]) -> str:
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
