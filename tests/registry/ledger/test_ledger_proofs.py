"""What the ledger promises when many processes write at once, and when one dies between the row and the alias."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from registry.ledger.ledger import Change, Ledger
from registry.store.aliases import alias_faults, follow_ledger
from registry.store.client import mlflow_client
from settings.machine import load_settings

PROCESSES = 8
ROUNDS = 200
KILLS = 50
logger = logging.getLogger(__name__)
RACE = Path(__file__).with_name("race.py")


@pytest.fixture
def versions(tracked: Path) -> Callable[[int], None]:
    """Registers versions of `photos` without packages, which aliases do not ask for."""

    def register(count: int) -> None:
        client = mlflow_client()
        client.create_registered_model("photos")
        for _ in range(count):
            client.create_model_version("photos", tracked.as_uri())

    return register


def race(root: Path, url: str) -> list[list[int]]:
    """The rounds that each process won."""
    command = [sys.executable, str(RACE), url, str(PROCESSES), str(ROUNDS)]
    environment = {**os.environ, "REGRAFT_ROOT": str(root), "PYTHONPATH": str(RACE.parents[2])}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
    found = json.loads(ran.stdout)
    logger.info("%d rounds of %d processes: %.1f s", ROUNDS, PROCESSES, found["seconds"])
    return list(found["won"])


@pytest.mark.long
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_ledger__processes_at_once(tracked, versions, database, request, monkeypatch):
    """Each round has one winner, no row is lost or doubled, the chain is whole, the aliases are as the ledger says."""
    url = request.getfixturevalue("postgresql") if database == "postgresql" else f"sqlite:///{tracked / 'ledger.db'}"
    versions(2 * PROCESSES)
    won = race(tracked, url)
    assert sorted(number for rounds in won for number in rounds) == list(range(ROUNDS))
    ledger = Ledger(url)
    entries = ledger.entries("photos")
    winners = {number: place for place, rounds in enumerate(won) for number in rounds}
    assert [entry.actor for entry in entries] == [f"writer {winners[number]}" for number in range(ROUNDS)]
    assert all(before.to_version == after.from_version for before, after in pairwise(entries))
    assert ledger.verify("photos").fault is None
    monkeypatch.setenv("REGRAFT_LEDGER_URL", url)
    assert not alias_faults("photos")
    aliases = mlflow_client().get_registered_model("photos").aliases
    assert int(aliases["champion"]) == entries[-1].to_version


@pytest.mark.long
def test_follow_ledger__killed_between_row_and_alias(versions, monkeypatch):
    """Fifty promotions whose process is killed after the row: MLflow is wrong each time, and right after a repair."""
    monkeypatch.setenv("MLFLOW_SQLALCHEMYSTORE_POOLCLASS", "NullPool")  # a fork must not share SQLite's connections
    versions(2)
    ledger = Ledger(load_settings().ledger)
    for number in range(KILLS):
        killed(ledger, number)
        champion = ledger.champion("photos")
        assert (len(ledger.entries("photos")), champion) == (number + 1, 1 + number % 2)
        assert follow_ledger("photos").aliases["champion"] == champion
        assert int(mlflow_client().get_model_version_by_alias("photos", "champion").version) == champion
    assert ledger.verify("photos").fault is None


def killed(ledger: Ledger, number: int) -> None:
    """Promotes versions 1 and 2 by turns in a process of its own that is killed right after the row."""
    child = os.fork()
    if child == 0:
        ledger.append(Change(
            "photos", action="promote", expected=(1 + (number - 1) % 2) if number else None, to=1 + number % 2,
            actor="me", reason="r", evidence="", dataset_version="d",
        ))  # fmt: skip
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
