"""The image: who runs in it, what it starts, and that it is set up as a command sets itself up."""

import json
import re

from flows.process.environment import QUIET
from tests.deploy.commands import DEPLOY, assert_runs, unread

TEXT = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
VARIABLES = dict(re.findall(r"^(?:ENV)?\s+([A-Z_]+)=(\S+)", TEXT, re.MULTILINE))


def test_image__environment_is_that_of_commands() -> None:
    """MLflow's server and Prefect's worker are no commands of ours: telemetry off and no pickle there as well."""
    assert {name: VARIABLES.get(name) for name in QUIET} == QUIET
    assert unread({*VARIABLES}) == set()


def test_image__is_nobody_special() -> None:
    """It ends as an ordinary user, from a base of one version, and no secret is built in."""
    assert re.findall(r"^USER (.*)", TEXT, re.MULTILINE) == ["1000:1000"]
    bases = set(re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE))
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-bookworm", bases.pop())
    assert not re.search(r"^ARG .*(PASSWORD|TOKEN|KEY|SECRET)", TEXT, re.MULTILINE)


def test_image__holds_every_package() -> None:
    """All packages of the repository but benchmarks and tests; their data are left out by .dockerignore."""
    copied = set(re.findall(r"^COPY (\w+) \1$", TEXT, re.MULTILINE))
    packages = {path.parent.name for path in DEPLOY.parent.glob("*/__init__.py")}
    assert copied == packages - {"bench"}
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split("\n")
    assert {f"!{name}" for name in copied} < {*ignored}
    assert ignored[1] == "*"


def test_image__commands() -> None:
    """What it starts by default, and how it is asked for its health."""
    default, health = (json.loads(found) for found in re.findall(r"\bCMD (\[.*\])", TEXT))
    assert_runs(default)
    assert_runs(health)
    assert f"127.0.0.1:{default[-1]}/healthz" in health[-1]
    assert f"EXPOSE {default[-1]}\n" in TEXT
