"""Two models on the same samples: how much better one is, and how sure that is."""

import math
from statistics import NormalDist

from evaluation.inference.bootstrap import Resampling, cautious_interval, replicates, standard_error
from evaluation.inference.discrete import widened_pair
from evaluation.inference.interval import Interval, student_t
from evaluation.predictions.grouped import Floats
from evaluation.predictions.metrics import metric_named
from evaluation.predictions.predictions import Predictions, require_paired


def paired_difference(metric: str, champion: Predictions, challenger: Predictions, resampling: Resampling) -> Interval:
    """Returns challenger minus champion in the metric's own units, both judged on the same resampled groups.

    The ends are cautious ones, because production depends on them: as far out as few groups and few discordant samples
    ask for, times the resampling's stretch.

    Raises:
        EvaluationError: the two are not about the same samples, there is one group only, or no such metric.
    """
    require_paired(champion, challenger)
    chosen, truth = metric_named(metric), champion.truth

    def gain(weights: Floats) -> Floats:
        """Challenger minus champion [R] under weights [R, N]."""
        after = chosen.batch(truth, challenger.probabilities, weights)
        return after - chosen.batch(truth, champion.probabilities, weights)

    found, groups, level = replicates(gain, champion, resampling), champion.group_count, resampling.level
    interval = cautious_interval(float(gain(champion.weights[None])[0]), found, groups=groups, level=level)
    error = standard_error(found, groups=groups)
    return widened_pair(interval, chosen, (champion, challenger), error, level).stretched(resampling.stretch)


def improvement(metric: str, champion: Predictions, challenger: Predictions, resampling: Resampling) -> Interval:
    """The paired difference, turned so that above 0 means a better challenger whatever the metric's direction.

    Raises:
        EvaluationError: as `paired_difference`.
    """
    raw = paired_difference(metric, champion, challenger, resampling)
    return raw if metric_named(metric).greater_is_better else Interval(-raw.value, -raw.high, -raw.low)


def mcnemar_midp(champion: Predictions, challenger: Predictions) -> float:
    """Returns McNemar's two-sided mid-p value of "both are right equally often" (1.0 where they never disagree).

    Looks at hits and misses of single samples, so neither weights nor groups count: with correlated groups it is too
    sure, and it only accompanies the grouped interval. Fagerland, Lydersen and Laake 2013, BMC Med Res Methodol 13:91.

    Raises:
        EvaluationError: the two are not about the same samples.
    """
    from scipy.stats import binom

    require_paired(champion, challenger)
    before, after = champion.right, challenger.right
    lost, won = int((before & ~after).sum()), int((~before & after).sum())
    fewer, coin = min(lost, won), binom(lost + won, 0.5)
    if lost == won:
        return 1.0 - float(coin.pmf(fewer)) / 2 if fewer else 1.0
    return float(2 * coin.cdf(fewer) - coin.pmf(fewer))


def samples_needed(
    difference: Interval, *, samples: int, groups: int, effect: float, level: float = 0.95, power: float = 0.8
) -> int:
    """Returns how many samples (grouped as these are) would settle a true difference of `effect` with that power.

    The usual formula n = variance (z_level + z_power)^2 / effect^2, with the variance read off the interval of the
    paired difference at `samples` samples in `groups` groups. Never fewer than `samples`: then the effect would
    already have shown.
    """
    normal = NormalDist()
    standard_error = (difference.high - difference.low) / (2 * student_t(level, groups - 1))
    factor = ((normal.inv_cdf(0.5 + level / 2) + normal.inv_cdf(power)) * standard_error / effect) ** 2
    return max(samples, math.ceil(samples * factor))
