"""Each sign of broken data is shown by what it is for, and by no quiet traffic of real digits."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from monitoring.broken.facts import strange_facts
from monitoring.broken.sign import Sign
from monitoring.broken.silence import silence
from monitoring.broken.stuck import near_copies
from monitoring.broken.watched import SIGNS
from monitoring.windows import Window
from tests.monitoring.scenes import NOW, digits, reference, scene, traffic

Rows = pd.DataFrame


def shown(rows: Rows) -> dict[str, Sign]:
    """Every sign of a window, by name."""
    return {sign.name: sign for sign in (look(scene(Window(rows))) for look in SIGNS)}


def broken(rows: Rows) -> list[str]:
    """The signs that are above their limits."""
    return [name for name, sign in shown(rows).items() if sign.broken]


@pytest.mark.parametrize("start", [1000, 1200, 1400, 1597])
def test_signs__quiet_traffic_shows_none(start: int) -> None:
    """200 digits that the reference has not are sound."""
    assert broken(digits()[start : start + 200]) == []


def stuck(rows: Rows) -> Rows:
    """One digit, with the noise of a camera."""
    noise = np.random.default_rng(0).normal(0, 0.01, (len(rows), 64))
    return rows.assign(embedding=list(rows["embedding"].iloc[0] + noise))


def nan(rows: Rows) -> Rows:
    """One embedding that is no number."""
    return rows.assign(embedding=[rows["embedding"].iloc[0] * np.nan, *rows["embedding"].iloc[1:]])


@pytest.mark.parametrize(
    ("fault", "name", "told"),
    [
        (lambda rows: rows.assign(transform="old"), "another spec", "200 of 200 samples went through transform old"),
        (lambda rows: rows.assign(embedding=[np.ones(3)] * 200), "another spec", "200 of 200 samples have embeddings"),
        (lambda rows: rows.assign(error="cut"), "unreadable files", "200 of 200 files could not be used, 5% are"),
        (nan, "no numbers", "1 of 200 samples have probabilities or embeddings that are no numbers"),
        (lambda rows: rows.assign(hash="h"), "one content repeated", "one sample makes up 200 of 200"),
        (stuck, "near copies", "200 of 200 samples are the same to the network but for noise"),
        (
            lambda rows: rows.assign(brightness=1.0),
            "strange facts",
            "brightness of 200 of 200 samples is outside 56.28 to 107.8",
        ),
        (lambda rows: rows.assign(brightness=240.0), "strange facts", "(median 240, then 7"),
    ],
)
def test_signs__each_shows_its_fault(fault: Callable[[Rows], Rows], name: str, told: str) -> None:
    """A fault is shown by its own sign, which says how much of what and what to do."""
    found = shown(fault(traffic(200)))
    assert found[name].broken
    assert told in found[name].told


def test_signs__nothing_is_said_of_a_handful() -> None:
    """Shares of 20 rows mean nothing; only another spec and answers that are no numbers are certain at once."""
    few = traffic(20)
    assert broken(few.assign(hash="h", brightness=1.0, error="cut")) == []
    assert broken(stuck(few)) == []
    assert broken(few.assign(transform="old")) == ["another spec"]
    assert broken(nan(few)) == ["no numbers"]
    assert broken(few[:0]) == []


def test_strange_facts__of_another_sample_kind() -> None:
    """A fact that the log of an earlier release has not is not missed."""
    assert not shown(traffic(200).drop(columns="brightness"))["strange facts"].broken


@pytest.mark.parametrize(("hours", "fires"), [(1.9, False), (2.1, True), (-5, False)])
def test_silence__twice_the_longest_pause(hours: float, fires: bool) -> None:
    """Traffic every hour that stops is noticed after two; a clock that was set back is none of it."""
    arrivals = pd.Series(pd.date_range(end=NOW, periods=30, freq="1h"))
    found = silence(replace(scene(Window(traffic(0))), arrivals=arrivals, now=NOW + timedelta(hours=hours)))
    assert found.broken == fires
    assert "no traffic since 2026-05-01 12:00" in found.told
    assert f"{hours:.1f} hours; the longest pause before was 1.0" in found.told


def test_silence__never_below_an_hour() -> None:
    """Traffic of every minute may pause for half an hour."""
    arrivals = pd.Series(pd.date_range(end=NOW, periods=600, freq="1min"))
    quiet, late = (
        silence(replace(scene(Window(traffic(0))), arrivals=arrivals, now=NOW + timedelta(minutes=pause)))
        for pause in (59, 61)
    )
    assert (quiet.broken, late.broken) == (False, True)


def test_silence__one_batch_has_no_usual_pause() -> None:
    """Files that were scored once say nothing of when the next would come."""
    arrivals = pd.Series(pd.date_range(end=NOW, periods=200, freq="1s"))
    assert not silence(replace(scene(Window(traffic(0))), arrivals=arrivals, now=NOW + timedelta(days=9))).broken


def film(rows: Rows, *, scenes: int, random: np.random.Generator) -> Rows:
    """Frames of scenes: each moves on a little from one to the next, by far less than scenes differ."""
    steps = random.normal(0, 0.004, (len(rows), 64)).reshape(scenes, -1, 64).cumsum(axis=1)
    starts = np.stack(rows["embedding"].iloc[:scenes])
    return rows.assign(embedding=list((starts[:, None] + steps).reshape(-1, 64)))


def test_near_copies__a_film_is_no_stuck_camera() -> None:
    """Where the reference is film, too, one scene is sound traffic; a camera that is stuck is still seen."""
    random = np.random.default_rng(0)
    known = film(digits()[:1000], scenes=10, random=random).drop(columns="label")
    rows = film(traffic(100), scenes=1, random=random)
    still = replace(reference(), rows=known)
    assert not near_copies(replace(scene(Window(rows)), reference=still)).broken
    assert near_copies(scene(Window(rows))).broken
    noise = random.normal(0, 0.0005, (100, 64))
    stands = rows.assign(embedding=list(rows["embedding"].iloc[0] + noise))
    assert near_copies(replace(scene(Window(stands)), reference=still)).broken


def test_strange_facts__another_size() -> None:
    """A picture of another width than any that was learned from is told; what an old row does not say is not."""
    rows, known = traffic(200), reference()
    wide = replace(known, rows=known.rows.assign(width=64.0))
    for width, broken_ in ((64.0, False), (640.0, True), (np.nan, False)):
        found = strange_facts(replace(scene(Window(rows.assign(width=width))), reference=wide))
        assert found.broken == broken_
