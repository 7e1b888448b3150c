"""Two machines that share a database and an object store, and nothing else: folders and host names of their own."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.ledger.leases import holder_of
from tests.servers import Servers

REGRAFT = Path(sys.executable).with_name("regraft")
PATIENCE = 300.0
REMOTE = "[core]\n    remote = s3\n['remote \"s3\"']\n    url = s3://regraft/dvc\n"


@dataclass(frozen=True)
class Machine:
    """A folder with a clone of the project, on a host of that name."""

    name: str
    root: Path

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Starts a command there."""
        env = {**os.environ, "REGRAFT_ROOT": str(self.root), "REGRAFT_THREADS": "1"}
        named = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.name, str(REGRAFT), *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(named, cwd=self.root, env=env, text=True, **pipes)

    def run(self, *arguments: str, code: int = 0) -> Any:
        """The JSON of a command that must end with `code`."""
        with self.start(*arguments, "--json") as process:
            said, errors = process.communicate()
        assert process.returncode == code, errors
        return json.loads(said)


@pytest.fixture
def machines(project: Path, outgrown: Servers, image_folder: Callable[..., Path]) -> list[Machine]:
    """Two of them, with a domain whose source both reach."""
    if subprocess.run(["unshare", "--uts", "true"], check=False).returncode:
        pytest.skip("host names of their own are not allowed here")
    photos = image_folder(30)
    found = [Machine(name, project / name) for name in ("ada", "grace")]
    for machine in found:
        shutil.copytree(project, machine.root, ignore=shutil.ignore_patterns("photos", "ada", "grace", ".regraft"))
        (machine.root / ".dvc" / "config.local").write_text(REMOTE)
    found[0].run("new", "machines", "--images", str(photos), "--size", "64", "--intended-use", "Tests.")
    shutil.copy(found[0].root / "domains" / "machines.yaml", found[1].root / "domains")
    return found


@pytest.mark.long
@pytest.mark.timeout(2400)
def test_machines__one_goes_on_where_the_other_ended(machines: list[Machine]) -> None:
    """The same data are one version on both and trained once; who is at work is named to the other."""
    ada, grace = machines
    first = ada.run("retrain", "machines")
    assert (first["outcome"], first["champion"]) == ("PROMOTE", 1)
    again = grace.run("retrain", "machines")
    assert (again["outcome"], again["version"]) == ("UNCHANGED", 1)
    index = "data/processed/machines/index.parquet"
    assert (ada.root / index).read_bytes() == (grace.root / index).read_bytes()

    with ada.start("retrain", "machines", "--recipe", "full") as cut_off:
        deadline = time.monotonic() + PATIENCE
        while "of ada" not in (holder_of("machines") or "") and time.monotonic() < deadline:
            time.sleep(0.1)
        with grace.start("train", "machines") as refused:
            _, told = refused.communicate()
        assert "is busy: retrain runs in process" in told
        assert "of ada" in told
        cut_off.kill()
    assert [row["action"] for row in grace.run("ledger", "machines")] == ["promote"]
