"""A person's answer starts what a check asks for exactly once."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from monitoring.controller.state import Evidence
from registry.ledger.events import Events
from registry.ledger.ledger import Ledger
from registry.ledger.notices import notices
from registry.ledger.watch.checks import Checks
from registry.ledger.watch.withheld import withheld
from settings.errors import ConfigError
from settings.machine import load_settings
from tasks.watch.acting.answering import agree, release
from tasks.watch.acting.deciding import decide_check
from tasks.watch.acting.delivering import deliver

WORSE = Evidence("ok", "60 usable samples", regression="v2 is worse than v1: surely worse")


@pytest.fixture
def asking(plan, prefect_api):
    """The plan's domain, which asks before anything is started."""
    policy = plan.domain.monitoring.policy.model_copy(update={"mode": "approve"})
    return plan.domain.model_copy(update={"monitoring": plan.domain.monitoring.model_copy(update={"policy": policy})})


def checks() -> Checks:
    """Of the project."""
    return Checks(load_settings().ledger)


def test_agree__owed_once(asking, tracked, seen):
    """The answer is a row that owes a retrain; a second answer, and the next check of the same traffic, add nothing."""
    decide_check.fn(asking, seen())
    assert checks().owed("photos") == []
    agreed = agree("photos", "new labels came")
    assert (agreed.outcome, agreed.asks, agreed.window) == ("retrain", "", "w1")
    assert agreed.reason.endswith(f"{load_settings().who} agreed: new labels came")
    assert checks().owed("photos") == [agreed]
    with pytest.raises(ConfigError, match=r"photos: no check asks for an agreement \(retrain\)"):
        agree("photos", "")
    decide_check.fn(asking, seen())
    assert (checks().owed("photos"), checks().newest("photos", 1)[0].outcome) == ([agreed], "watch")
    (notice,) = notices(Events(load_settings().ledger).latest("photos"), 1)[:1] or [None]
    assert notice is None or notice.kind == "check"


def test_agree__two_at_once(asking, tracked, seen):
    """Of six answers one is taken."""
    decide_check.fn(asking, seen())
    together = threading.Barrier(6)

    def answer(_number: int) -> bool:
        together.wait()
        try:
            agree("photos", "")
        except ConfigError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(answer, range(6))) == 1
    assert len(checks().owed("photos")) == 1


def test_agree__nothing_asked(project):
    """No check at all."""
    with pytest.raises(ConfigError, match=r"no check asks for an agreement \(not checked\)"):
        agree("photos", "")


def test_agree__rollback(asking, promoted, seen):
    """It is done once, and keeps out what led to it, until that is released."""
    decide_check.fn(asking, seen(WORSE, version=2))
    held = checks().newest("photos", 1)[0]
    figures = json.loads(held.figures)
    assert (held.asks, figures["withheld"]) == ("rollback", [])
    agree("photos", "")
    assert deliver.fn("photos") == ["rolled back to v1"]
    assert deliver.fn("photos") == []
    assert Ledger(load_settings().ledger).champion("photos") == 1


def test_release__what_is_kept_out(promoted, plan, prefect_api, seen):
    """How many are free again; a second time there are none."""
    from dataclasses import replace

    decide_check.fn(plan.domain, replace(seen(WORSE, version=2), withheld=("a", "b")))
    with pytest.raises(ConfigError, match="no sample is kept out"):
        release("photos", "")
    deliver.fn("photos")
    assert withheld(load_settings().ledger, "photos") == {"a", "b"}
    assert release("photos", "the labels were mended") == 2
    with pytest.raises(ConfigError, match="no sample is kept out of training by a rollback"):
        release("photos", "")
