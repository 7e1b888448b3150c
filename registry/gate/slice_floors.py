"""The floors of the slices: none may be worse than the champion by more than the margin, beyond chance."""

import math
from dataclasses import dataclass

from data.naming import few
from evaluation.inference.bootstrap import replicates, standard_error
from evaluation.inference.slices import MINIMUM_SLICE, holm
from evaluation.predictions.grouped import Floats
from evaluation.predictions.metrics import METRICS
from evaluation.predictions.predictions import Predictions
from registry.gate.config import GateConfig
from registry.gate.decision import Floor


def slice_floors(champion: Predictions, challenger: Predictions, config: GateConfig) -> tuple[list[Floor], list[str]]:
    """Compares every slice of at least 20 samples; notes name the slices that could not be compared.

    A slice fails when the p-value of "worse by at most the margin" (one-sided), corrected after Holm over all slices,
    is below 1 - level: with many small slices the margin alone would reject good models by chance. A slice of one
    group has no p-value and is a note: with a few cameras of one group each most equal models would fail by estimates.
    """
    slices = [
        _Slice(f"{column}={value}", champion.take(mask), challenger.take(mask), config)
        for column, value, mask in challenger.slice_rows()
        if mask.sum() >= MINIMUM_SLICE
    ]
    undefined = [one.name for one in slices if math.isnan(one.estimate)]
    known = [(one, one.p_value()) for one in slices if not math.isnan(one.estimate)]
    compared = [pair for pair in known if not math.isnan(pair[1])]
    corrected = holm([p_value for _, p_value in compared])
    floors = [_floor(one, p_value, config) for (one, _), p_value in zip(compared, corrected, strict=True)]
    return floors, [
        *_left_out(challenger),
        *(f"slice {name} was not compared: {config.metric} is undefined in it (one class)" for name in undefined),
        *(_unsure(one, config) for one, p_value in known if math.isnan(p_value)),
    ]


def _left_out(predictions: Predictions) -> list[str]:
    """Says which slices hold nothing, or too little."""
    columns = predictions.slices.columns
    empty = [str(column) for column in columns if predictions.slices[column].isna().all()]
    sizes = {f"{column}={value}": int(mask.sum()) for column, value, mask in predictions.slice_rows()}
    notes = [f"slice column {name} is empty: no test sample has a value in it" for name in empty]
    notes += [f"slice {name} is empty: no test sample is in it" for name, size in sizes.items() if size == 0]
    small = [name for name, size in sizes.items() if 0 < size < MINIMUM_SLICE]
    return [*notes, f"slices under {MINIMUM_SLICE} samples were not compared: {few(small)}"] if small else notes


@dataclass(frozen=True)
class _Slice:
    """The same samples of one slice, by both models."""

    name: str
    before: Predictions
    after: Predictions
    config: GateConfig

    def gain(self, weights: Floats) -> Floats:
        """Improvement [R] under weights [R, N]; above 0 means a better challenger."""
        metric = METRICS[self.config.metric]
        found = [metric.batch(part.truth, part.probabilities, weights) for part in (self.before, self.after)]
        return found[1] - found[0] if metric.greater_is_better else found[0] - found[1]

    @property
    def estimate(self) -> float:
        """The improvement under the samples' own weights."""
        return float(self.gain(self.after.weights[None])[0])

    def p_value(self) -> float:
        """Of "worse by at most the margin": Student's t with the grouped bootstrap's standard error.

        nan where there is no standard error: one group, or the metric is undefined in most resamples.
        """
        from scipy.stats import t

        groups, config = self.after.group_count, self.config
        if groups < 2:
            return math.nan
        found = replicates(self.gain, self.after, config.resampling)
        error, room = standard_error(found, groups=groups), self.estimate + config.slice_margin
        return float(t.cdf(room / error, groups - 1)) if error != 0 else float(room >= 0)


def _floor(one: _Slice, p_value: float, config: GateConfig) -> Floor:
    name = f"slice {one.name}, p of {config.metric} at most {config.slice_margin:g} worse (Holm)"
    lost = f", surely more than {config.slice_margin:g} worse" if p_value < 1 - config.level else ""
    return Floor.at_least(name, p_value, 1 - config.level, f"improvement {one.estimate:+.4f}{lost}")


def _unsure(one: _Slice, config: GateConfig) -> str:
    found = f"{config.metric} improves by {one.estimate:+.4f} on its {len(one.after)} samples"
    return f"slice {one.name} is no floor, too few groups for an interval: {found}"
