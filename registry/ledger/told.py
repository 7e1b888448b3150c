"""How much a test set has told already, by what was looked at on it: challengers that answer alike tell it once."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from evaluation.predictions.predictions import Predictions
from evaluation.predictions.storage import newest_predictions, read_predictions
from registry.gate.spending import effective_looks
from registry.ledger.uses import UNREGISTERED, Use

STOPPED = "FLOOR"  # the outcome of a use that compared nothing, because a floor failed first


def told_so_far(home: Path, uses: Sequence[Use], use: Use, challenger: Predictions, champion: Predictions) -> float:
    """Returns how many unrelated comparisons tell as much as all on a test set until `use`, which is one.

    A version that was judged and never compared was looked at, too: whoever picks the best of twenty has made twenty
    comparisons. So was one whose card was written and nothing more. What lets no answers be read counts as unrelated.

    Raises:
        StorageError: kept predictions are damaged.
    """
    until = [
        one for one in uses if (one.generation, one.number) <= (use.generation, use.number)
    ]  # asked again, it is told as much as the first time
    present = use.version, use.champion or UNREGISTERED
    earlier = {pair for pair in _looked_at(until, present[1]) if pair != present}
    own = _losses(champion) - _losses(challenger)
    found = [_gains(home, use.domain, pair, list(own.index)) for pair in sorted(earlier)]
    known = [gains for gains in found if gains is not None]
    return effective_looks(np.stack([own.to_numpy(), *known])) + (len(found) - len(known)) + _only_cards(until)


def _looked_at(uses: Sequence[Use], champion: int) -> set[tuple[int, int]]:
    """Challenger and champion of every comparison; a version that was only judged, against the present champion."""
    compared = {(use.version, use.champion) for use in uses if use.champion and use.outcome != STOPPED}
    passed = {use.version for use in uses if use.outcome == STOPPED or (use.champion is None and use.outcome)}
    champions = {use.champion for use in uses} | {champion}
    judged = {use.version for use in uses} - {UNREGISTERED} - passed - champions - {version for version, _ in compared}
    return {*((version, rival) for version, rival in compared if rival), *((version, champion) for version in judged)}


def _only_cards(uses: Sequence[Use]) -> int:
    """How many models were seen on the test set by their card only."""
    cards = sum(use.version == UNREGISTERED for use in uses)
    return max(0, cards - len({use.version for use in uses} - {UNREGISTERED}))


def _gains(
    home: Path, name: str, pair: tuple[int, int], hashes: list[str]
) -> "np.ndarray[tuple[int], np.dtype[np.float64]] | None":
    """What each sample added to an earlier improvement; nan where it was not seen; none where nothing is kept."""
    paths = [newest_predictions(home, name, version) for version in pair]
    if None in paths:
        return None
    after, before = (_losses(read_predictions(path)) for path in paths if path)
    gains = np.asarray((before - after).reindex(hashes), dtype=np.float64)
    return gains if np.isfinite(gains).any() else None


def _losses(predictions: Predictions) -> "pd.Series[float]":
    """The squared error of each sample's probabilities, by its hash."""
    errors = predictions.probabilities - np.eye(len(predictions.classes))[predictions.truth]
    return pd.Series((errors**2).sum(axis=1), index=predictions.hashes)
