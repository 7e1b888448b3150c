"""A new champion that is worse than the one before it is found out by the labels that come back."""

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image

from registry.ledger.canaries import end_canary, open_canary
from registry.ledger.events import Events
from registry.store.models import model_version
from serving.feedback.labels import Label, file_labels
from serving.log.predictions import append
from serving.log.schema import Prediction
from settings.machine import load_settings
from tasks.watch.baking import regression
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
    return model_version("photos", 2)


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


def test_regression__worse(plan, second, files):
    """v2 said light where it was dark, and v1, asked about the same files, says dark of all but one."""
    answered(files, "light")
    told = regression(plan.domain, second)
    assert told.startswith("v2 is worse than v1: surely worse: right -99.2 points oftener on 120 labelled groups")


@pytest.mark.parametrize("share", [0, 3])
def test_regression__as_good(plan, second, files, share):
    """Both are right on most: nothing is shown."""
    answered(files[share:], "dark")
    answered(files[:share], "light")
    assert regression(plan.domain, second) == ""


def test_regression__fails_where_the_other_answers(plan, second, files):
    """Files that v2 alone cannot answer need no labels."""
    answered(files[:100], "dark", label="")
    answered(files[100:], None, label="", error="it failed")
    assert regression(plan.domain, second) == (
        "v2 is worse than v1: it failed on 20 of 120 samples that the champion answered"
    )


def test_regression__files_that_changed(plan, second, files):
    """What cannot be had any more is no evidence."""
    answered(files, "light")
    for file in files:
        file.write_bytes(b"another")
    assert regression(plan.domain, second) == ""


def test_regression__not_a_new_champion(plan, second, files):
    """After its baking time, or where it came back by a rollback, it is left alone; older traffic does not count."""
    answered(files, "light", ahead=-3600)
    assert regression(plan.domain, second) == ""
    answered(files, "light")
    domain = plan.domain
    policy = domain.monitoring.policy.model_copy(update={"baking_hours": 0.0})
    short = domain.model_copy(update={"monitoring": domain.monitoring.model_copy(update={"policy": policy})})
    assert regression(short, second) == ""
    assert regression(domain, model_version("photos", 1)) == ""


def test_regression__nothing_before(plan, registered, files):
    """The first version has nothing beside it."""
    registered()
    write(None, 1)
    assert regression(plan.domain, model_version("photos", 1)) == ""
