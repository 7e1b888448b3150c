"""The gate: PROMOTE, PROVISIONAL, HOLD or REJECT for a challenger, from paired evidence on the same samples."""

import math
from typing import Any

from data.naming import few
from data.stores.dataset import samples_sha256
from evaluation.inference.bootstrap import bootstrap_interval
from evaluation.inference.calibration import calibration_error
from evaluation.inference.interval import Interval
from evaluation.inference.paired import mcnemar_midp
from evaluation.predictions.metrics import METRICS
from evaluation.predictions.predictions import Predictions, require_paired
from registry.errors import GateError
from registry.gate.comparison import Comparison, Finding, compare
from registry.gate.config import GateConfig
from registry.gate.decision import Decision, Floor, Measured, Outcome
from registry.gate.disparity_floors import disparity_floors
from registry.gate.out_of_fold import NOTE, OutOfFold, broken_promise
from registry.gate.shared_classes import doubt, fair_pair, harm_floors
from registry.gate.spending import Turn

FIRST_LOOK = Turn()


def decide(
    challenger: Predictions,
    champion: Predictions | None,
    *,
    config: GateConfig,
    measured: Measured,
    turn: Turn = FIRST_LOOK,
    evidence: OutOfFold | None = None,
) -> Decision:
    """Judges a challenger against the floors and, where there is a champion, against it on the same samples.

    With out-of-fold `evidence` that is what they are compared on; the floors are always about the test samples.

    A failed floor is REJECT, and where it is one that looks at the challenger alone nothing is compared, so that it
    spends nothing. Without a champion, PROMOTE. Otherwise, where the test set's comparisons are used up, HOLD; else the
    paired improvements decide, at the level that alpha spending leaves for this turn. Where one of the two has never
    heard of a class, PROMOTE asks more: that harm on the shared classes is ruled out.

    Raises:
        GateError: the metric is undefined on these samples, or what was measured of the package is no measurement.
        EvaluationError: the two are not about the same samples, or all samples are of one group.
    """
    require_comparable(challenger, champion, measured)
    current = _interval(challenger, config)
    floors = [_metric_floor(current, config), _calibration_floor(challenger, config), *_cost_floors(config, measured)]
    floors += disparity_floors(measured.disparities, config.max_disparity)
    found: dict[str, Any] = {
        "metric": config.metric,
        "challenger": current,
        "samples": len(challenger),
        "groups": challenger.group_count,
        "test_set": samples_digest(challenger),
        "config": config,
    }
    if champion is None or not all(floor.passed for floor in floors):
        first = Finding("PROMOTE", "there is no champion and every floor holds", better=True)
        outcome, reasons, better = _judge(floors, first)
        found |= {"turn": turn.model_copy(update={"look": None}), "better": better}
        return Decision(outcome=outcome, reasons=reasons, floors=tuple(floors), **found)
    decision = _against(champion, challenger, evidence, floors, {**found, "turn": turn})
    return decision if evidence is None else decision.model_copy(update={"notes": (NOTE, *decision.notes)})


def require_comparable(challenger: Predictions, champion: Predictions | None, measured: Measured) -> None:
    """Refuses what no decision could be made on, before the test set is used for it.

    Raises:
        GateError: latency, size or parity is no measurement.
        EvaluationError: the two are not about the same samples.
    """
    numbers = {"latency_ms": measured.latency_ms, "size_mb": measured.size_mb, "parity": measured.parity}
    for name, value in numbers.items():
        if not math.isfinite(value) or value < 0:
            raise GateError(f"{name}={value}: a finite number of at least 0 is needed; measure the package again")
    if champion is not None:
        require_paired(champion, challenger)


def samples_digest(predictions: Predictions) -> str:
    """Names the samples that a model was judged on."""
    labels = [predictions.classes[index] for index in predictions.truth]
    return samples_sha256(predictions.hashes, labels, predictions.weights.tolist(), predictions.groups)


def _against(
    champion: Predictions,
    challenger: Predictions,
    evidence: OutOfFold | None,
    floors: list[Floor],
    found: dict[str, Any],
) -> Decision:
    """Adds what the comparison with the champion says to what was `found` of the challenger alone."""
    turn, config = found["turn"], found["config"]
    level, whole = turn.level(config.level), evidence or OutOfFold(challenger, champion)
    before, after = fair_pair(whole.champion, whole.challenger, config)
    compared = compare(before, after, config, level)
    harm, notes = harm_floors(champion, challenger, config)
    finding, needed, remedy = _found(compared, challenger, whole, level)
    if turn.spent(config.looks):
        finding = Finding("HOLD", _spent(turn, config))
    outcome, reasons, better = _judge([*floors, *harm], finding)
    undecided = outcome in ("PROVISIONAL", "HOLD")
    if undecided and not turn.spent(config.looks):
        reasons = *reasons, remedy
    return Decision(
        outcome=outcome,
        reasons=reasons,
        better=better,
        notes=(*notes, *_wear(turn, config)),
        level=level,
        samples_needed=needed if undecided else None,
        floors=(*floors, *harm),
        **found | _told(compared, before, after),
    )


def _told(compared: Comparison, before: Predictions, after: Predictions) -> dict[str, Any]:
    """What a decision says of the two models and their comparison."""
    return {
        "champion": _interval(before, compared.config),
        "challenger": _interval(after, compared.config),
        "difference": compared.difference,
        "gain": compared.gain,
        "margin": compared.margin,
        "mcnemar_p": mcnemar_midp(before, after),
        "samples": len(after),
        "groups": after.group_count,
    }


def _found(
    compared: Comparison, challenger: Predictions, whole: OutOfFold, level: float
) -> tuple[Finding, int | None, str]:
    """What the comparison finds, how many samples would settle it, and what a person can do.

    HOLD where the package breaks what its folds promise, or where harm on the shared classes is not ruled out.
    """
    finding, config = compared.finding, compared.config
    passes = finding.outcome in ("PROMOTE", "PROVISIONAL")
    broken = broken_promise(challenger, whole.challenger, config) if passes else None
    if broken is not None:
        return Finding("HOLD", broken), None, "what you can do: find out what differs between test set and the rest"
    doubted = doubt(whole.champion, whole.challenger, config, level) if finding.outcome == "PROMOTE" else None
    if doubted is not None:
        return Finding("HOLD", doubted.reason), doubted.needed, _shared_remedy(config)
    return finding, compared.needed, _remedy(compared)


def _judge(floors: list[Floor], finding: Finding) -> tuple[Outcome, tuple[str, ...], bool]:
    """Lets failed floors overrule the finding."""
    failed = [_failure(floor) for floor in floors if not floor.passed]
    return ("REJECT", tuple(failed), False) if failed else (finding.outcome, (finding.reason,), finding.better)


def _failure(floor: Floor) -> str:
    note = f" ({floor.note})" if floor.note else ""
    return f"{floor.name} is {floor.value:.4g}, {floor.rule} {floor.limit:.4g} is required{note}"


def _remedy(compared: Comparison) -> str:
    """What a person can do about it; no margin is proposed, as one chosen by the result proves nothing."""
    config = compared.config
    more = "label more samples, of which data.split.test goes to the test set"
    ways = [
        *([more] if compared.within_reach else []),
        f"say how large a loss your use bears in gate.non_inferiority of the domain's YAML (now {compared.margin:.3g})",
        *([f"lower gate.superiority (now {config.superiority:g})"] if config.superiority else []),
        "or wait: the champion goes on serving",
    ]
    return f"what you can do: {'; '.join(ways)}"


def _shared_remedy(config: GateConfig) -> str:
    """What a person can do where only harm on the shared classes is in doubt: no other margin helps."""
    return (
        "what you can do: label more samples of these classes, of which data.split.test goes to the test set; if your "
        "use bears a larger loss on them for the sake of the others, say how large in gate.slice_margin of the "
        f"domain's YAML (now {config.slice_margin:g}); or wait: the champion goes on serving"
    )


def _spent(turn: Turn, config: GateConfig) -> str:
    used = f"comparison {turn.look} on one test set; all of them tell as much as {turn.told:.1f} unrelated ones"
    used = f"{used}, gate.looks allows {config.looks}"
    return f"the test set is spent: {used}; {_fresh(config)}"


def _fresh(config: GateConfig) -> str:
    """How evidence is renewed: all samples stay the ones that were looked at, whichever of them are called test."""
    way = "draw a fresh one from newer data with `regraft split refresh DOMAIN`"
    return f"set gate.evidence to test and {way}" if config.evidence == "out_of_fold" else way


def _wear(turn: Turn, config: GateConfig) -> list[str]:
    """A warning before the test set is spent."""
    if not turn.worn(config.looks) or turn.spent(config.looks):
        return []
    left = f"the comparisons on this test set tell as much as {turn.told:.1f} of {config.looks} unrelated ones"
    return [f"{left}; each needs a clearer difference; plan ahead: {_fresh(config)}"]


def _interval(predictions: Predictions, config: GateConfig) -> Interval:
    interval = bootstrap_interval(config.metric, predictions, config.resampling)
    if not interval.is_finite:
        present = sorted({predictions.classes[index] for index in predictions.truth})
        found = f"{len(predictions)} samples in {predictions.group_count} groups hold {few(present)}"
        raise GateError(
            f"{config.metric} is undefined on the test set: {found}; two classes in several groups are "
            "needed; enlarge the test split or choose another gate metric"
        )
    return interval


def _metric_floor(interval: Interval, config: GateConfig) -> Floor:
    if METRICS[config.metric].greater_is_better:
        return Floor.at_least(f"{config.metric}, lower bound", interval.low, config.floor)
    return Floor.at_most(f"{config.metric}, upper bound", interval.high, config.floor)


def _calibration_floor(challenger: Predictions, config: GateConfig) -> Floor:
    """The lower end counts: with few groups the estimate alone is mostly noise, and noise only adds to it."""
    error = calibration_error(challenger, config.resampling)
    return Floor.at_most("calibration error, lower bound", error.low, config.max_ece, f"estimate {error.value:.4f}")


def _cost_floors(config: GateConfig, measured: Measured) -> list[Floor]:
    gaps = measured.card_gaps
    return [
        Floor.at_most("latency in ms", measured.latency_ms, config.max_latency_ms),
        Floor.at_most("size in MB", measured.size_mb, config.max_size_mb),
        Floor.at_most("difference on the golden batch", measured.parity, measured.parity_limit),
        Floor.at_most("missing fields of the model card", float(len(gaps)), 0.0, ", ".join(gaps)),
    ]
