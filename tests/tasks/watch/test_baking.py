"""A new champion that is worse than the one before it is found out by the labels that come back."""

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from monitoring.windows import Window
from registry.ledger.canaries import end_canary, open_canary
from registry.ledger.events import Events
from registry.ledger.ledger import Change, Ledger
from registry.store.models import ModelVersion
from serving.feedback.labels import Label, file_labels
from serving.log.predictions import append
from serving.log.schema import Prediction
from settings.machine import load_settings
from tasks.watch.baking import Regression, regression
from tasks.watch.moment import Moment, champion_of
from tests.canary import write

COUNT = 120


@pytest.fixture
def files(tmp_path):
    """Dark pictures, which every version of the workshop knows."""
    folder, random = tmp_path / "dark", np.random.default_rng(1)
    folder.mkdir()
    for number in range(COUNT):
        pixels = np.clip(random.normal(60, 25, (64, 64)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return sorted(folder.iterdir())


@pytest.fixture
def second(canary):
    """v2 takes the place of v1 by a decision of the gate."""
    canary()
    ended = open_canary(Events(load_settings().ledger), "photos")
    end_canary(Events(load_settings().ledger), ended, "PROMOTE", "test")
    write(1, 2)


@pytest.fixture
def found(plan):
    """The regression of a version that is champion, by a domain like the plan's."""

    def look(domain=None, at=None):
        moment = Moment.past(at) if at else Moment.present()
        return regression(domain or plan.domain, champion_of("photos", moment), moment)

    return look


def answered(
    files, predicted: str | None, *, label: str = "dark", error: str | None = None, ahead: float = 1.0
) -> None:
    """v2 has answered the files so, and their labels have come."""
    now = datetime.now(UTC) + timedelta(seconds=ahead)
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    rows = [
        Prediction(now, 2, "t", digest, str(file), predicted=predicted, error=error)
        for digest, file in zip(digests, files, strict=True)
    ]  # fmt: skip
    append("photos", rows, ())
    if label and digests:
        file_labels("photos", [Label("hash", digest, label) for digest in digests])


def test_regression__worse(second, files, found):
    """v2 said light where it was dark, and v1, asked about the same files, says dark of all but one."""
    answered(files, "light")
    seen = found()
    assert seen.told.startswith("v2 is worse than v1: surely worse: right -99.2 points oftener on 120 labelled groups")
    assert {*seen.shown} == {hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    window = Window(pd.DataFrame({"hash": ["another", None]}))
    assert {*seen.with_window(window)} == {*seen.shown, "another"}


@pytest.mark.parametrize("share", [0, 3])
def test_regression__as_good(second, files, found, share):
    """Both are right on most: nothing is shown."""
    answered(files[share:], "dark")
    answered(files[:share], "light")
    assert found() == Regression()
    assert found().with_window(Window(pd.DataFrame({"hash": ["a"]}))) == ()


class Failing:
    """A package whose model fails on everything."""

    def __init__(self, package):
        self.transform = package.transform

    def predict(self, samples):
        """Fails."""
        raise RuntimeError("no kernel")


def test_regression__fails_where_the_other_answers(second, files, found, monkeypatch):
    """Files that v2 alone cannot answer, in peace as little as in traffic, need no labels."""
    load = ModelVersion.load
    monkeypatch.setattr(ModelVersion, "load", lambda one: load(one) if one.version == 1 else Failing(load(one)))
    answered(files[:100], "dark", label="")
    answered(files[100:], None, label="", error="it failed")
    assert found().told == ("v2 is worse than v1: it failed on 20 of 120 samples that the champion answered")


def test_regression__failures_of_the_traffic(second, files, found):
    """What v2 failed on for want of memory, and answers in peace as v1 does, says nothing against it."""
    answered(files[:100], "dark", label="")
    answered(files[100:], None, label="", error="no memory")
    assert found() == Regression()


def test_regression__files_that_changed(second, files, found):
    """What cannot be had any more is no evidence."""
    answered(files, "light")
    for file in files:
        file.write_bytes(b"another")
    assert found().told == ""


def baking(domain, hours: float):
    """The domain with another baking time."""
    policy = domain.monitoring.policy.model_copy(update={"baking_hours": hours})
    return domain.model_copy(update={"monitoring": domain.monitoring.model_copy(update={"policy": policy})})


def test_regression__not_a_new_champion(plan, second, files, found):
    """Older traffic does not count; after its baking time, or where it came back by a rollback, it is left alone."""
    answered(files, "light", ahead=-3600)
    assert found().told == ""
    answered(files, "light")
    assert found(baking(plan.domain, 0.0)).told == ""
    assert found().told
    ledger = Ledger(load_settings().ledger)
    ledger.append(Change("photos", "rollback", 2, 1, "me", "r", "", "d"))
    assert found().told == ""


def test_regression__at_a_time(second, files, found):
    """Labels that came later are not known then."""
    answered(files, "light", label="", ahead=0)
    before = datetime.now(UTC)
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    file_labels("photos", [Label("hash", digest, "dark") for digest in digests])
    assert found(at=before).told == ""
    assert found(at=before + timedelta(seconds=5)).told


def test_regression__nothing_before(registered, files, found):
    """The first version has nothing beside it."""
    registered()
    write(None, 1)
    assert found().told == ""


def logged(version: int, count: int, hours: float, **fields: object) -> None:
    """Answers of a version, so many hours before now, of files that nobody has any more."""
    time = datetime.now(UTC) - timedelta(hours=hours)
    append(
        "photos", [Prediction(time, version, "t", f"{version}-{n}", f"/{n}.png", **fields) for n in range(count)], ()
    )


@pytest.mark.parametrize(
    ("usual", "now", "told"),
    [
        (
            {"latency_ms": 10.0},
            {"latency_ms": 90.0},
            "it takes 90 ms in the middle of 100, 10 before; 3 times are borne",
        ),
        ({"latency_ms": 10.0}, {"latency_ms": 20.0}, ""),
        (
            {"abstained": False},
            {"abstained": True},
            "it abstains on 100.0 % of 100, 0.0 % of 100 before; 5 points more",
        ),
        ({}, {"error": "no memory"}, "it fails on 100.0 % of 100, 0.0 % of 100 before; 1 points more are borne"),
    ],
)
def test_regression__bounds(plan, registered, canary, found, usual, now, told):
    """A new champion that is too slow, names no class or fails, beside what the logs of the earlier one show."""
    canary()
    logged(1, 100, 0.0, **({"predicted": "dark"} | usual))
    ended = open_canary(Events(load_settings().ledger), "photos")
    end_canary(Events(load_settings().ledger), ended, "PROMOTE", "test")
    write(1, 2)
    logged(2, 100, -0.001, **({"predicted": "dark"} | now))
    assert found().told.startswith(f"v2 breaks a bound that v1 keeps: {told}" if told else "")
    assert bool(found().told) == bool(told)
