"""Retrain: prepare, train, evaluate, promote."""

from collections.abc import Iterator
from contextlib import contextmanager

from prefect import flow
from prefect.runtime import deployment

from flows.evaluate import evaluate_version, stress_owed
from flows.prepare import prepare_data
from flows.process.answered import answer
from flows.promote import promote_approved
from flows.train import train_version
from registry.ledger.leases import domain_lease
from registry.store.tracking import settled
from registry.store.verdicts import Verdict
from tasks.domain import Domain, load_trainable
from tasks.events import announce_stress, told_run
from tasks.judging.approval import approval_needed
from tasks.judging.evaluate import find_champion
from tasks.judging.promote import Promotion, promote, unchanged
from tasks.plan import Plan
from tasks.retrain import conclude, open_retrain_run


@flow(name="retrain", flow_run_name="retrain {domain}")
def retrain(domain: str, reason: str = "asked for", recipe: str = "", check: str = "") -> Promotion:
    """Renews a domain's model from its present data; it goes into production only on evidence.

    Args:
        domain: Name of the file below domains/.
        reason: Why, for the ledger.
        recipe: Another recipe than the domain's, with its defaults.
        check: Key of the check of traffic that asked for it.
    """
    locked, told = _locked(domain, recipe), told_run(domain, "retrain", check)
    with locked as config, told, settled(open_retrain_run(domain, reason)) as run:
        plan = prepare_data(config)
        candidate = train_version(plan, run)
        verdict = None if candidate.version == find_champion(domain) else _judged(plan, candidate.version, run)
        demand = approval_needed(verdict, config.gate)
        if demand is None:
            found = conclude(run, promote(verdict, reason) if verdict else unchanged(candidate))
    # By now the lock is free, and what may go into production is there; those who have to agree see it first.
    if demand is None:
        answer(found)
    stress_owed(plan)
    if verdict and demand:
        found = conclude(run, promote_approved(verdict, demand, reason))
    return found


@contextmanager
def _locked(domain: str, recipe: str) -> Iterator[Domain]:
    """The domain as it is once its lock is held: while a run waited for it, it may have been edited, or removed."""
    load_trainable(domain, recipe)  # what cannot be trained waits for nobody
    with domain_lease(domain, "retrain", _wait()):
        yield load_trainable(domain, recipe)


def _judged(plan: Plan, version: int, run: str) -> Verdict:
    """What the gate says of a version, whose stress test is owed from then on."""
    verdict = evaluate_version(plan, version, run)
    announce_stress(plan.name, version)
    return verdict


def _wait() -> float:
    """Seconds to wait for the domain's lock: a person is told at once, a schedule has time."""
    return 3600.0 if deployment.id else 0.0
