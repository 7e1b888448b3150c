"""Train: from a dataset version to a registered version."""

from prefect import flow

from registry.ledger.leases import domain_lease
from registry.store.tracking import settled
from tasks.domain import load_trainable
from tasks.making.prepare import preprocess
from tasks.making.train import (
    Candidate,
    describe,
    find_candidate,
    fit,
    open_training_run,
    package,
    register,
)
from tasks.plan import Plan


@flow(name="train", flow_run_name="train {domain}")
def train(domain: str, recipe: str = "") -> Candidate:
    """Trains on the present data set and registers the result as challenger."""
    config = load_trainable(domain, recipe)
    with domain_lease(domain, "train"):
        return train_version(Plan(config, preprocess(config)))


def train_version(plan: Plan, parent: str | None = None) -> Candidate:
    """The steps of `train`; what was trained alike before is not trained again."""
    return find_candidate(plan) or _trained(plan, parent)


def _trained(plan: Plan, parent: str | None) -> Candidate:
    with settled(open_training_run(plan, parent)) as run_id:
        trained = fit(plan, run_id)
        package(plan, trained)
        describe(plan, trained)
        return register(plan, trained)
