"""Train: from a dataset version to a registered version."""

from prefect import flow

from data.stores.locks import domain_lock
from flows.config import Domain, load_domain
from registry.store.tracking import settled
from tasks.prepare import Prepared, preprocess
from tasks.train import (
    Candidate,
    describe,
    find_candidate,
    fit,
    measure_forgetting,
    open_training_run,
    package,
    register,
)


@flow(name="train", flow_run_name="train {domain}")
def train(domain: str, recipe: str = "") -> Candidate:
    """Trains on the present data set and registers the result as challenger."""
    config = load_domain(domain, recipe)
    with domain_lock(config.home, domain, "train"):
        return train_version(config, preprocess(config.root, domain))


def train_version(config: Domain, prepared: Prepared, parent: str | None = None) -> Candidate:
    """The steps of `train`; what was trained alike before is not trained again."""
    known = find_candidate(config.root, config.name, config.data, config.training, prepared)
    return known or _trained(config, prepared, parent)


def _trained(config: Domain, prepared: Prepared, parent: str | None) -> Candidate:
    root, name, data, training = config.root, config.name, config.data, config.training
    with settled(open_training_run(root, name, data, training, prepared, config.snapshot, parent)) as run_id:
        fitted = fit(root, name, data, training, prepared, run_id)
        measure_forgetting(root, name, data, training, prepared, fitted, run_id)
        folder = package(root, name, data, training, prepared, fitted)
        words = config.description, config.intended_use
        describe(root, name, folder, data, training, config.gate, config.evaluation, prepared, fitted, *words)
        return register(root, name, folder, run_id, data, training, prepared, config.purpose)
