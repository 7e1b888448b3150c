"""A check is on record before anything follows from it, and what follows is started once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.errors import LedgerConflictError
from registry.ledger.history import NOTHING
from registry.ledger.ledger import Change, Ledger
from registry.ledger.watch.checks import CheckRecord, Checks

DRIFT = CheckRecord("photos", 1, "w1", suspect=True, outcome="retrain", reason="drift")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    path = f"sqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("postgresql")) if request.param == "postgresql" else path


def test_add__newest(url: str) -> None:
    """The last ones, oldest first; other domains have their own."""
    checks = Checks(url)
    first = checks.add(replace(DRIFT, figures='{"mmd": 0.5}'), "")
    second = checks.add(replace(DRIFT, window="w2", outcome="ok", suspect=False), first.key)
    checks.add(replace(DRIFT, domain="other"), "")
    assert checks.newest("photos", 5) == [first, second]
    assert checks.newest("photos", 1) == [second]
    assert (first.figures, first.suspect, second.suspect) == ('{"mmd": 0.5}', True, False)
    assert first.time <= second.time


def test_add__overtaken(url: str) -> None:
    """Who decided without knowing the newest check decides again; nothing was written."""
    checks = Checks(url)
    first = checks.add(DRIFT, "")
    with pytest.raises(LedgerConflictError, match="photos: another check was written meanwhile"):
        checks.add(DRIFT, "")
    assert checks.newest("photos", 5) == [first]


def test_add__many_at_once(url: str) -> None:
    """Of several checks that follow the same one, one is written."""

    def add(_number: int) -> bool:
        try:
            Checks(url).add(DRIFT, "")
        except LedgerConflictError:
            return False
        return True

    Checks(url)
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(add, range(12))) == 1


def test_owed__until_delivered(url: str) -> None:
    """A debt is paid once; what was written first stays."""
    checks = Checks(url)
    check = checks.add(DRIFT, "")
    back = checks.add(replace(DRIFT, outcome="rollback"), check.key)
    checks.add(replace(DRIFT, outcome="hold"), back.key)
    assert checks.owed("photos") == [check, back]
    assert check.owes
    checks.deliver(check, "run 1")
    checks.deliver(check, "run 2")
    assert checks.owed("photos") == [back]
    assert checks.newest("photos", 3)[0].delivery == "run 1"
    assert not checks.newest("photos", 3)[0].owes


def test_tell__channels(url: str) -> None:
    """Who was told is on record."""
    checks = Checks(url)
    check = checks.add(DRIFT, "")
    checks.tell(check, "log,webhook")
    assert checks.newest("photos", 1)[0].alerted == "log,webhook"


def test_newest__removed_domain(url: str) -> None:
    """A domain that is made anew starts without checks, and with no debts."""
    checks, ledger = Checks(url), Ledger(url)
    ledger.append(Change("photos", "promote", None, 1, "me", "r", "", "d"))
    checks.add(DRIFT, "")
    ledger.append(Change("photos", "remove", 1, NOTHING, "me", "r", "", ""))
    assert (checks.newest("photos", 5), checks.owed("photos")) == ([], [])
    new = checks.add(DRIFT, "")
    assert checks.newest("photos", 5) == [new]


def test_newest__until(url: str) -> None:
    """What was on record at a time."""
    checks = Checks(url)
    first = checks.add(DRIFT, "")
    then = datetime.now(UTC)
    second = checks.add(replace(DRIFT, window="w2"), first.key)
    assert checks.newest("photos", 5, until=then) == [first]
    assert checks.newest("photos", 1, until=datetime.now(UTC)) == [second]


def test_last__of_a_version_before_a_time(url: str) -> None:
    """Others, later ones and the one of just that time do not count."""
    checks, made = Checks(url), list[CheckRecord]()
    for version in (1, 2, 1, 1):
        made.append(checks.add(replace(DRIFT, version=version), made[-1].key if made else ""))
    assert checks.last("photos", 1, made[3].time) == made[2]
    assert checks.last("photos", 1, made[2].time) == made[0]
    assert checks.last("photos", 1, made[0].time) is None


def test_of_outcome__alone(url: str) -> None:
    """The checks of one outcome, oldest first."""
    checks, before, made = Checks(url), "", []
    for outcome in ("rollback", "ok", "rollback"):
        made.append(checks.add(replace(DRIFT, outcome=outcome), before))
        before = made[-1].key
    assert checks.of_outcome("photos", "rollback") == [made[0], made[2]]


@pytest.mark.parametrize(("figures", "asks"), [("{}", ""), ('{"asks": "rollback"}', "rollback")])
def test_asks__of_a_person(figures: str, asks: str) -> None:
    """What is asked stands with the figures."""
    assert replace(DRIFT, figures=figures).asks == asks
