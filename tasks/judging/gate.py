"""The gate's task: count the use of the test set, decide, and record the decision where people look."""

import json
from dataclasses import dataclass

from prefect import task
from prefect.artifacts import create_markdown_artifact

from evaluation.predictions.predictions import Predictions, in_common
from evaluation.predictions.storage import read_predictions
from registry.gate.anchor import held_to
from registry.gate.config import GateConfig
from registry.gate.decide import decide, require_comparable, samples_digest
from registry.gate.decision import Decision
from registry.gate.out_of_fold import OutOfFold
from registry.ledger.binding import rule_sha256
from registry.ledger.records import Decided
from registry.ledger.told import STOPPED, told_so_far
from registry.ledger.uses import Use, Uses
from registry.store.aliases import alias_faults
from registry.store.models import DECISION_RUN, tag_version
from registry.store.tracking import log_json, log_values, run_address
from registry.store.verdicts import Verdict
from tasks.judging.evaluate import Judged
from tasks.plan import Plan
from tasks.policy import COMPUTE
from tasks.progress import artifact_key


@dataclass(frozen=True)
class Rivals:
    """A challenger and, where there are such, the champion and the best version so far, judged on the same samples."""

    challenger: Judged
    champion: Judged | None = None
    best: Judged | None = None


@task(name="gate", task_run_name="gate {plan.name} v{rivals.challenger.version}", **COMPUTE)
def gate(plan: Plan, rivals: Rivals) -> Verdict:
    """Decides on paired evidence; the decision is kept with the version and shown in the UI.

    The comparison is counted before it is made. The same one again is the same use, and gives the same decision.
    """
    challenger, champion = rivals.challenger, rivals.champion
    alias_faults(plan.name)  # an emptied or shortened ledger would take any version for the first
    after, before = _same_samples(challenger, champion)
    require_comparable(after, before, challenger.measured)
    against = champion.version if champion else None
    evidence, config = _evidence(plan, challenger, champion)
    uses = Uses(plan.settings.ledger)
    judged_on = evidence.challenger if evidence else after
    use = uses.take(_use(challenger, against, judged_on, config, plan.settings.who))
    decision = _decide(plan, rivals, use, (after, before), evidence, config)
    outcome = STOPPED if champion and decision.difference is None else decision.outcome
    uses.settle(use, outcome, _bound(plan, rivals, decision))
    version = plan.prepared.version
    verdict = Verdict(challenger.domain, challenger.version, against, version, decision, decision.sha256)
    _record(verdict, challenger)
    _show(verdict, rivals)
    return verdict


def _same_samples(judged: Judged, other: Judged | None) -> tuple[Predictions, Predictions | None]:
    """What both said of the samples that both were judged on."""
    found = read_predictions(judged.predictions)
    return in_common(found, read_predictions(other.predictions)) if other else (found, None)


def _evidence(plan: Plan, challenger: Judged, other: Judged | None) -> tuple[OutOfFold | None, GateConfig]:
    """Out-of-fold answers to the samples that both answered, and the rule; by the test set alone where one has none."""
    own, others, config = challenger.out_of_fold, other.out_of_fold if other else None, plan.domain.gate
    if own is None or others is None:
        return None, config.model_copy(update={"evidence": "test"})
    return OutOfFold(*in_common(read_predictions(own), read_predictions(others))), config


def _decide(
    plan: Plan,
    rivals: Rivals,
    use: Use,
    said: tuple[Predictions, Predictions | None],
    evidence: OutOfFold | None,
    config: GateConfig,
) -> Decision:
    """The gate's decision at the level that the looks before have left, held to the best version so far."""
    (after, before), challenger, turn = said, rivals.challenger, use.turn
    if before is not None:
        told = told_so_far(plan.settings.home, _looks(plan, use, evidence), use, *(evidence or (after, before)))
        turn = turn.model_copy(update={"effective": told})
    decision = decide(after, before, config=config, measured=challenger.measured, turn=turn, evidence=evidence)
    decision = decision.model_copy(update={"notes": (*_notes(rivals), *decision.notes)})
    return _held(plan, rivals, decision)


def _looks(plan: Plan, use: Use, evidence: OutOfFold | None) -> list[Use]:
    """The uses of the same samples before: out of fold, of every test set so far, as they stay among all samples."""
    uses, first = Uses(plan.settings.ledger), 0 if evidence else use.generation
    return [one for generation in range(first, use.generation + 1) for one in uses.of(use.domain, generation)]


def _notes(rivals: Rivals) -> tuple[str, ...]:
    """What a person must know of how the two came to their answers."""
    judged = [one for one in (rivals.challenger, rivals.champion) if one]
    alone = [f"{one.tested_only}; the test set decided alone" for one in judged if one.tested_only and rivals.champion]
    return (*(note for one in judged for note in one.notes), *alone)


def _held(plan: Plan, rivals: Rivals, decision: Decision) -> Decision:
    """The decision, held to the best version so far where that is another than the champion."""
    best = rivals.best
    if best is None:
        return decision
    evidence, _ = _evidence(plan, rivals.challenger, best)
    after, before = evidence or _same_samples(rivals.challenger, best)
    return decision if before is None else held_to(decision, after, before, best.version)


def _bound(plan: Plan, rivals: Rivals, decision: Decision) -> Decided:
    """What the decision is good for, and which version its successors are held to."""
    judged = [one for one in (rivals.challenger, rivals.champion) if one]
    against = rivals.champion.version if rivals.champion else None
    best = None if decision.better else (rivals.best.version if rivals.best else against)
    packages = {str(one.version): one.package for one in judged}
    rule = rule_sha256(plan.domain.gate)
    return Decided(decision.sha256, against, best, packages, rule, plan.dataset.test_set)


def _use(challenger: Judged, champion: int | None, predictions: Predictions, config: GateConfig, actor: str) -> Use:
    return Use(
        domain=challenger.domain,
        generation=challenger.generation,
        test_set=samples_digest(predictions),
        question=config.question,
        version=challenger.version,
        champion=champion,
        actor=actor,
    )


def _record(verdict: Verdict, challenger: Judged) -> None:
    """Keeps the decision in the challenger's run and beside its version in MLflow."""
    decision = verdict.decision
    log_json(challenger.run_id, "decision.json", json.dumps(_plain(verdict), indent=1))
    # The ledger names this hash; a later decision in the same run must not take its evidence away.
    log_json(challenger.run_id, f"decisions/{verdict.evidence}.json", decision.evidence())
    log_values(challenger.run_id, {}, {}, {"decision": decision.outcome})
    found = decision.challenger
    tag_version(verdict.domain, verdict.version, {
        "decision": decision.outcome, DECISION_RUN: challenger.run_id,
        decision.metric: f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})",
    })  # fmt: skip


def _plain(verdict: Verdict) -> dict[str, object]:
    return {
        "version": verdict.version,
        "champion": verdict.champion,
        "dataset_version": verdict.dataset_version,
        "decision": verdict.decision.model_dump(mode="json"),
    }


def _show(verdict: Verdict, rivals: Rivals) -> None:
    runs = {"challenger": rivals.challenger, "champion": rivals.champion, "best so far": rivals.best}
    links = ", ".join(f"[{role}]({run_address(one.run_id)})" for role, one in runs.items() if one)
    create_markdown_artifact(
        f"{verdict.decision.markdown()}\n\nMLflow: {links}; data `{verdict.dataset_version}`",
        key=artifact_key("decision", verdict.domain),
        description="The gate's decision",
    )
