"""Traffic that was accepted is what the checks of that version compare with."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from registry.ledger.ledger import Change, Ledger
from registry.ledger.watch.checks import CheckRecord, Checks
from registry.ledger.watch.marks import Mark, Marks
from registry.package.package import load_package
from serving.log.predictions import append
from serving.log.schema import Prediction
from settings.errors import ConfigError
from settings.machine import load_settings
from tasks.watch.accepting import Accepted, accept, accepted
from tasks.watch.moment import Moment


@pytest.fixture
def champion(registered, prefect_api):
    """The workshop's package in production."""
    Ledger(load_settings().ledger).append(Change("photos", "promote", None, registered(), "me", "r", "", "d"))


@pytest.fixture
def traffic(workshop):
    """Writes answers of a version, of this moment."""
    package = load_package(workshop.package)
    length = len(package.reference["embedding"].iloc[0])

    def write(*names: str, version: int = 1, error: str | None = None) -> None:
        rows = [
            Prediction(
                datetime.now(UTC), version, package.transform.hash, name, name, error=error,
                probabilities=np.ones(2, np.float32) / 2, embedding=np.ones(length, np.float16),
            )
            for name in names
        ]  # fmt: skip
        append("photos", rows, ())

    return write


def test_accept__the_present_window(champion, plan, traffic):
    """Its rows are kept by their times, with who said so and why; what comes later is not among them."""
    traffic("a", "b")
    traffic("broken", error="cut")
    traffic("other", version=2)
    assert accept(plan.domain, "the new line") == Accepted("photos", 1, 2)
    traffic("later")
    since = datetime.now(UTC) - timedelta(hours=1)
    assert list(accepted("photos", 1, since, Moment.present())["hash"]) == ["a", "b"]
    (mark,) = Marks(load_settings().ledger).of_kind("photos", "accept")
    assert (mark.actor, mark.reason) == (load_settings().who, "the new line")


def test_accept__twice(champion, plan, traffic):
    """Each time adds what is new; what was accepted twice counts once."""
    traffic("a")
    accept(plan.domain, "first")
    traffic("b")
    accept(plan.domain, "second")
    assert list(accepted("photos", 1, None, Moment.present())["hash"]) == ["a", "b"]


def test_accepted__of_an_earlier_term(champion, plan, traffic):
    """What was accepted before the version came anew is not looked at."""
    traffic("a")
    accept(plan.domain, "first")
    assert len(accepted("photos", 1, datetime.now(UTC), Moment.present())) == 0


def test_accepted__nothing(tracked):
    """Other marks are none of it."""
    Marks(load_settings().ledger).add(Mark("photos", "reset", "", "me"))
    assert len(accepted("photos", 1, None, Moment.present())) == 0


def test_accept__nothing_to_accept(tracked, plan, request):
    """Without champion or traffic it is one line."""
    with pytest.raises(ConfigError, match="there is no champion; `regraft retrain photos`"):
        accept(plan.domain, "r")
    request.getfixturevalue("champion")
    with pytest.raises(ConfigError, match="v1 has no traffic yet that could be accepted"):
        accept(plan.domain, "r")


def test_accept__broken_traffic(champion, plan, traffic):
    """What a check would call broken is refused unless it is asked for; what the last check found is told."""
    found = CheckRecord("photos", 1, "w", suspect=False, outcome="broken data", reason="a stuck camera")
    Checks(load_settings().ledger).add(found, "")
    traffic(*map(str, range(60)))
    with pytest.raises(ConfigError, match="broken data: 60 of 60 samples are the same to the network .* with --yes"):
        accept(plan.domain, "r")
    assert not Marks(load_settings().ledger).of_kind("photos", "accept")
    told = accept(plan.domain, "r", broken=True)
    assert told.samples == 60
    assert told.last_check.startswith("broken data, ")
    assert told.last_check.endswith(" UTC: a stuck camera")
