"""The gate's task: count the use of the test set, decide, and record the decision where people look."""

import json
from dataclasses import dataclass

from prefect import task
from prefect.artifacts import create_markdown_artifact

from evaluation.predictions.predictions import Predictions, in_common
from evaluation.predictions.storage import read_predictions
from registry.gate.config import GateConfig
from registry.gate.decide import decide, require_comparable, samples_digest
from registry.ledger.uses import Use, Uses
from registry.store.models import DECISION_RUN, tag_version
from registry.store.tracking import log_json, log_values, run_address
from settings.machine import load_settings
from tasks.evaluate import Judged, Verdict
from tasks.plan import Plan
from tasks.policy import COMPUTE
from tasks.progress import artifact_key


@dataclass(frozen=True)
class Pair:
    """A challenger and, where there is one, the champion, judged on the same samples."""

    challenger: Judged
    champion: Judged | None


@task(name="gate", task_run_name="gate {plan.name} v{pair.challenger.version}", **COMPUTE)
def gate(plan: Plan, pair: Pair) -> Verdict:
    """Decides on paired evidence; the decision is kept with the version and shown in the UI.

    The comparison is counted before it is made. The same one again is the same use, and gives the same decision.
    """
    challenger, champion, config = pair.challenger, pair.champion, plan.domain.gate
    after = read_predictions(challenger.predictions)
    before = read_predictions(champion.predictions) if champion else None
    against = champion.version if champion else None
    if before is not None:
        after, before = in_common(after, before)
    require_comparable(after, before, challenger.measured)
    settings = load_settings()
    uses = Uses(settings.ledger)
    use = uses.take(_use(challenger, against, after, config, settings.who))
    notes = (*challenger.notes, *(champion.notes if champion else ()))
    decision = decide(after, before, config=config, measured=challenger.measured, turn=use.turn, notes=notes)
    uses.settle(use, decision.outcome)
    verdict = Verdict(challenger.domain, challenger.version, against, plan.prepared.version, decision)
    _record(verdict, challenger)
    _show(verdict, pair)
    return verdict


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
    log_json(challenger.run_id, f"decisions/{decision.sha256}.json", decision.evidence())
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


def _show(verdict: Verdict, pair: Pair) -> None:
    runs = {"challenger": pair.challenger, "champion": pair.champion}
    links = ", ".join(f"[{role}]({run_address(one.run_id)})" for role, one in runs.items() if one)
    create_markdown_artifact(
        f"{verdict.decision.markdown()}\n\nMLflow: {links}; data `{verdict.dataset_version}`",
        key=artifact_key("decision", verdict.domain),
        description="The gate's decision",
    )
