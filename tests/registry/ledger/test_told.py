"""What was looked at on a test set counts by what it told."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.predictions.predictions import Predictions
from evaluation.predictions.storage import predictions_path, write_predictions
from registry.ledger.told import STOPPED, told_so_far
from registry.ledger.uses import UNREGISTERED, Use

SAMPLES = 400


def said(seed: int, samples: int = SAMPLES) -> Predictions:
    """A binary model with noise of its own by `seed`."""
    truth, own = np.arange(SAMPLES) % 2, np.random.default_rng(seed).uniform(0, 1, SAMPLES)
    names = [str(row) for row in range(samples)]
    probabilities = np.stack([1 - own, own], axis=1)[:samples]
    slices = pd.DataFrame(index=range(samples))
    return Predictions(names, truth[:samples], probabilities, np.ones(samples), names, slices, ("a", "b"))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A project with the answers of four versions: 3 and 4 answer alike, 5 as neither of them; 1 is the champion."""
    for version, seed in {1: 1, 3: 3, 4: 3, 5: 5}.items():
        write_predictions(predictions_path(tmp_path, "photos", version, "data"), said(seed))
    return tmp_path


def use(number: int, version: int, champion: int | None = None, outcome: str = "", question: str = "q") -> Use:
    """A counted use."""
    return Use("photos", 0, "t", question, version, champion, "Ada", number, None, outcome, "now")


def told(home: Path, *earlier: Use) -> float:
    """What the comparison of version 4 with version 1 makes of those before."""
    own = use(len(earlier) + 1, 4, 1)
    return told_so_far(home, [*earlier, own], own, said(3), said(1))


def test_told_so_far__alone(kept: Path) -> None:
    """A first comparison is one, whatever was judged to make it possible."""
    first = use(1, 1, outcome="PROMOTE", question="gate"), use(2, 1, question="evaluation")
    assert told(kept) == told(kept, *first, use(3, 4, question="evaluation")) == pytest.approx(1)


def test_told_so_far__challengers_that_answer_alike(kept: Path) -> None:
    """The same answers tell nothing new; those of another model do."""
    assert told(kept, use(1, 3, 1, "HOLD")) == pytest.approx(1)
    assert 1.5 < told(kept, use(1, 5, 1, "HOLD")) < 2


def test_told_so_far__without_kept_answers(kept: Path) -> None:
    """A comparison of which nothing is kept counts as unrelated."""
    assert told(kept, use(1, 9, 1, "HOLD")) == pytest.approx(2)


def test_told_so_far__picked_by_looking(kept: Path) -> None:
    """Versions that were only judged, and models of which there is only a card, were looked at as well."""
    assert told(kept, use(1, 9, question="evaluation")) == pytest.approx(2)
    cards = [use(number, UNREGISTERED, question=f"card of fit {number}") for number in (1, 2, 3)]
    assert told(kept, *cards) == pytest.approx(3), "one of the three is of version 4"


def test_told_so_far__what_tells_nothing(kept: Path) -> None:
    """A failed floor compared nothing, and a champion that is judged again is no challenger."""
    assert told(kept, use(1, 9, question="evaluation"), use(2, 9, 1, STOPPED)) == pytest.approx(1)
    assert told(kept, use(1, 1, question="evaluation")) == pytest.approx(1)


def test_told_so_far__the_same_again(kept: Path) -> None:
    """What was looked at since makes no difference when a comparison is asked again."""
    own, later = use(1, 4, 1, "HOLD"), use(2, 5, 1, "HOLD")
    assert told_so_far(kept, [own, later], own, said(3), said(1)) == pytest.approx(1)


def test_told_so_far__samples_that_came_since(kept: Path) -> None:
    """Answers to a quarter of the samples tell less of the whole than answers to all of them."""
    write_predictions(predictions_path(kept, "photos", 3, "data"), said(3, 100))
    assert 1.3 < told(kept, use(1, 3, 1, "HOLD")) < 2
