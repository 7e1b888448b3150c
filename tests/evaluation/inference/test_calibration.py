"""Temperatures mend what is too sure, and the calibration error is one that noise alone does not make."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import Resampling, percentile_interval, replicates, tail_share
from evaluation.inference.calibration import (
    BINS,
    calibration_error,
    confidence,
    equal_mass_bins,
    fit_temperature,
    reliability_curve,
    tempered,
)
from evaluation.predictions.metrics import divide
from evaluation.predictions.predictions import Predictions


def drawn(count: int, *, temperature: float, seed: int = 0) -> Predictions:
    """Binary predictions whose logits are `temperature` times what they should be."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 1.5, count)
    truth = (generator.random(count) < 1 / (1 + np.exp(-logits))).astype(np.int64)
    sure = 1 / (1 + np.exp(-logits * temperature))
    hashes = [f"h{row}" for row in range(count)]
    slices = pd.DataFrame(index=range(count))
    both = np.stack([1 - sure, sure], axis=1)
    return Predictions(hashes, truth, both, np.ones(count), hashes, slices, ("no", "yes"))


def test_fit_temperature__finds_what_was_too_sure() -> None:
    """Logits that are 2.5 times too large are divided by about 2.5, and no other temperature has less loss."""
    said = drawn(4000, temperature=2.5)
    found = fit_temperature(said.probabilities, said.truth, said.weights)
    assert found == pytest.approx(2.5, rel=0.1)
    losses = [log_loss(said.truth, tempered(said.probabilities, found * scale)) for scale in (0.97, 1.0, 1.03)]
    assert losses[1] == min(losses)


def test_fit_temperature__weights_count() -> None:
    """Weight zero is a sample that is not there."""
    sure, modest = drawn(1000, temperature=3.0), drawn(1000, temperature=1.0)
    both = np.concatenate([sure.probabilities, modest.probabilities])
    truth = np.concatenate([sure.truth, modest.truth])
    found = fit_temperature(both, truth, np.repeat([0.0, 1.0], 1000))
    assert found == pytest.approx(fit_temperature(modest.probabilities, modest.truth, np.ones(1000)), rel=1e-4)


def test_fit_temperature__twice_the_weight_is_twice_the_sample() -> None:
    """A sample of weight three counts as three."""
    said, weights = drawn(300, temperature=2.0), np.where(np.arange(300) < 40, 3, 1)
    again = np.repeat(np.arange(300), weights)
    found = fit_temperature(said.probabilities, said.truth, weights.astype(np.float64))
    assert found == pytest.approx(fit_temperature(said.probabilities[again], said.truth[again], np.ones(380)), rel=1e-4)
    assert found != pytest.approx(fit_temperature(said.probabilities, said.truth, np.ones(300)), rel=1e-3)


def test_fit_temperature__all_right() -> None:
    """Eighteen right samples of three classes make a modest model sure to 19 in 20, and leave one that is surer."""
    truth = np.arange(18) % 3
    modest, sure = (np.where(np.eye(3)[truth] == 1, 1 - 2 * rest, rest) for rest in (0.1, 0.001))
    found = tempered(modest, fit_temperature(modest, truth, np.ones(18)))
    assert found[range(18), truth] == pytest.approx(np.full(18, 19 / 20), abs=1e-3)
    assert fit_temperature(sure, truth, np.ones(18)) == 1.0


def test_fit_temperature__all_wrong(caplog: pytest.LogCaptureFixture) -> None:
    """Where each sample is wrong, no temperature is best: it stays 1 and the log says so."""
    truth = np.arange(20) % 2
    probabilities = np.where(np.eye(2)[truth] == 1, 0.1, 0.9)
    assert fit_temperature(probabilities, truth, np.ones(20)) == 1.0
    assert "stays 1" in caplog.text


def test_tempered__divides_the_logits() -> None:
    """Softmax of the logits over the temperature, also where a probability is 0; temperature 1 changes nothing."""
    logits = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, 1.0]])
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = np.exp(logits / 3) / np.exp(logits / 3).sum(axis=1, keepdims=True)
    assert tempered(probabilities, 3.0) == pytest.approx(expected)
    assert tempered(probabilities, 1.0) == pytest.approx(probabilities)
    assert tempered(np.array([[0.0, 1.0]]), 2.0) == pytest.approx(np.array([[0.0, 1.0]]))


def test_equal_mass_bins__weigh_the_same() -> None:
    """Each bin holds a tenth of the weight, in order of sureness, and equal values stay together."""
    generator = np.random.default_rng(0)
    sure, weights = generator.random(2000), generator.uniform(0, 2, 2000)
    bins = equal_mass_bins(sure, weights)
    assert np.bincount(bins, weights) / weights.sum() == pytest.approx(np.full(BINS, 0.1), abs=0.003)
    assert (np.diff(bins[np.argsort(sure)]) >= 0).all()
    assert equal_mass_bins(np.repeat([0.2, 0.8], 50), np.ones(100)).tolist() == [2] * 50 + [7] * 50, "by their middles"
    assert equal_mass_bins(np.linspace(0, 1, 10), np.ones(10)).tolist() == list(range(10))


def test_calibration_error__of_a_calibrated_model() -> None:
    """The gaps that noise makes are not taken for an error: of twenty intervals nearly all begin at 0."""
    sets = [drawn(300, temperature=1.0, seed=seed) for seed in range(20)]
    found = [calibration_error(one, Resampling(seed=0, resamples=200)) for one in sets]
    assert sum(one.low == 0 for one in found) >= 18
    assert np.median([one.value for one in found]) < 0.02


def test_calibration_error__of_a_model_too_sure() -> None:
    """What is three times too sure has an error clear of 0, near the 0.13 of many samples; its cure has none."""
    said, many = drawn(800, temperature=3.0), drawn(200_000, temperature=3.0)
    found = calibration_error(said, Resampling(seed=0, resamples=400))
    expected = np.abs(
        np.bincount(
            equal_mass_bins(many.probabilities[:, 1], many.weights), many.probabilities[:, 1] - many.truth
        ) / len(many)
    ).sum()  # fmt: skip
    assert 0 < found.low < expected < found.high
    cured = drawn(800, temperature=1.0)
    assert calibration_error(cured, Resampling(seed=0, resamples=400)).high < found.low


@pytest.mark.parametrize("level", [0.9, 0.99])
def test_calibration_error__ends_leave_the_tails(level: float) -> None:
    """With gaps as large as the upper end, samples like these show so small an error in just a tail of all cases."""
    said, resampling = drawn(400, temperature=3.0), Resampling(seed=0, resamples=4000, level=level)
    sure = said.probabilities[:, 1]
    member = np.eye(BINS)[equal_mass_bins(sure, said.weights)] * (sure - said.truth)[:, None]
    gaps = member.sum(axis=0) / 400
    noise = replicates(lambda weights: weights @ member / weights.sum(axis=1, keepdims=True), said, resampling) - gaps
    found, observed = calibration_error(said, resampling), np.abs(gaps).sum()
    shown = np.abs(found.high / observed * gaps + noise).sum(axis=1) <= observed
    assert shown.mean() == pytest.approx((1 - level) / 2, abs=0.003)


def test_calibration_error__few_groups_leave_wider_tails() -> None:
    """Of eight groups the tails are those that a t interval of eight has, not those of many."""
    said = replace(drawn(400, temperature=3.0), groups=[f"g{row // 50}" for row in range(400)])
    found, sure = calibration_error(said, Resampling(seed=0, resamples=4000)), said.probabilities[:, 1]
    member = np.eye(BINS)[equal_mass_bins(sure, said.weights)] * (sure - said.truth)[:, None]
    gaps, resampling = member.sum(axis=0) / 400, Resampling(seed=0, resamples=4000)
    noise = replicates(lambda weights: weights @ member / weights.sum(axis=1, keepdims=True), said, resampling) - gaps
    observed = np.abs(gaps).sum()
    shown = np.abs(found.high / observed * gaps + noise).sum(axis=1) <= observed
    assert shown.mean() == pytest.approx(tail_share(0.95, 8), abs=0.001)


def test_confidence__of_two_and_of_many() -> None:
    """Two classes are sure of the last one, however unlikely; more of the likeliest."""
    said = drawn(50, temperature=1.0)
    sure, right = confidence(said)
    assert (sure == said.probabilities[:, 1]).all()
    assert (right == said.truth).all()
    many = replace(said, probabilities=np.pad(said.probabilities, ((0, 0), (0, 1))), classes=("no", "yes", "never"))
    assert confidence(many)[0] == pytest.approx(said.probabilities.max(axis=1))
    assert (confidence(many)[1] == (said.probabilities.argmax(axis=1) == said.truth)).all()


def test_reliability_curve__by_hand() -> None:
    """Each bin has its samples' weighted sureness and share of right, an interval of its own groups, or none of one."""
    sure = np.repeat([0.1, 0.5, 0.9], 20)
    truth = np.r_[np.arange(20) % 4 == 0, np.arange(20) % 2, np.ones(20)].astype(np.int64)
    weights = np.where(np.arange(60) % 2, 3.0, 1.0)
    groups = ["one"] * 20 + [f"g{row % 4}" for row in range(20)] + [f"h{row % 2}" for row in range(20)]
    names, both = [f"h{row}" for row in range(60)], np.stack([1 - sure, sure], axis=1)
    said = Predictions(names, truth, both, weights, groups, pd.DataFrame(index=range(60)), ("no", "yes"))
    low, middle, high = reliability_curve(said, Resampling(seed=0, resamples=400))
    assert [one.samples for one in (low, middle, high)] == [20, 20, 20]
    assert [one.sure for one in (low, middle, high)] == pytest.approx([0.1, 0.5, 0.9])
    shares = [np.average(truth[part], weights=weights[part]) for part in np.split(np.arange(60), 3)]
    assert [one.right.value for one in (low, middle, high)] == pytest.approx(shares)
    assert np.isnan(low.right.low), "one group"

    def share(rows: Any) -> Any:
        """The middle bin's share of right under weights [R, N]; nan where it was not drawn."""
        return divide(rows[:, 20:40] @ truth[20:40], rows[:, 20:40].sum(axis=1))

    found = replicates(share, said, Resampling(seed=0, resamples=400))
    ends = percentile_interval(shares[1], found, groups=4, level=0.95)
    assert (middle.right.low, middle.right.high) == pytest.approx((ends.low, ends.high))
    assert (high.right.low, high.right.high) == (1, 1), "two groups that are all right"


def test_reliability_curve__sureness_by_weight() -> None:
    """Within a bin the weighted samples count."""
    said = drawn(200, temperature=1.0)
    weighted = replace(said, weights=np.random.default_rng(1).uniform(0.1, 5, 200))
    bins = equal_mass_bins(said.probabilities[:, 1], weighted.weights)
    inside = bins == bins.min()
    first = reliability_curve(weighted, Resampling(seed=0, resamples=200))[0]
    expected = np.average(said.probabilities[inside, 1], weights=weighted.weights[inside])
    assert (first.sure, first.samples) == (pytest.approx(expected), inside.sum())


def test_calibration_error__groups_widen_it() -> None:
    """Nine copies of a sample are one observation: the noise is three times as large as nine would have."""
    once = drawn(400, temperature=3.0)
    copies = once.take(np.repeat(np.arange(400), 9))
    apart = replace(copies, groups=[f"g{row}" for row in range(3600)])
    one, grouped, single = (
        calibration_error(each, Resampling(seed=0, resamples=400)) for each in (once, copies, apart)
    )
    assert (grouped.low, grouped.high) == pytest.approx((one.low, one.high))
    assert (grouped.high - grouped.low) / (single.high - single.low) == pytest.approx(3, rel=0.2)


def test_calibration_error__weights_count() -> None:
    """Half the samples, far too sure but of no weight, change nothing."""
    said, other = drawn(600, temperature=1.5), drawn(600, temperature=9.0, seed=1)
    both = Predictions(
        [*said.hashes, *(f"o{row}" for row in range(600))],
        np.concatenate([said.truth, other.truth]),
        np.concatenate([said.probabilities, other.probabilities]),
        np.repeat([1.0, 0.0], 600),
        said.groups * 2,
        pd.DataFrame(index=range(1200)),
        said.classes,
    )
    assert calibration_error(both, Resampling(seed=0, resamples=200)).value == pytest.approx(
        calibration_error(said, Resampling(seed=0, resamples=200)).value, abs=1e-3
    )


def test_calibration_error__all_right_and_certain() -> None:
    """A model without a gap has the error 0; one group has no interval."""
    truth = np.arange(20) % 2
    hashes = [f"h{row}" for row in range(20)]
    slices = pd.DataFrame(index=range(20))
    said = Predictions(hashes, truth, np.eye(2)[truth], np.ones(20), hashes, slices, ("no", "yes"))
    found = calibration_error(said, Resampling(seed=0, resamples=100))
    assert (found.value, found.low, found.high) == (0, 0, 0)
    with pytest.raises(EvaluationError, match="1 group in 20 samples"):
        calibration_error(replace(said, groups=["all"] * 20), Resampling(seed=0))
