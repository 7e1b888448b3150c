"""Reproduce: restore a version's data, train again as then, compare."""

from prefect import flow

from data.stores.locks import domain_lock
from flows.config import DomainFile, domain_from, load_domain
from registry.store.tracking import settled
from tasks.prepare import embed
from tasks.reproduce import Reproduction, compare, find_origin, restore_data
from tasks.train import fit, open_training_run, package


@flow(name="reproduce", flow_run_name="reproduce {domain} v{version}")
def reproduce(domain: str, version: int) -> Reproduction:
    """Makes a version again from the recorded data, configuration and seed; nothing is registered."""
    present = load_domain(domain)
    with domain_lock(present.home, domain, "reproduce"):
        origin = find_origin(domain, version)
        then = domain_from(domain, present.root, DomainFile.model_validate_json(origin.snapshot))
        prepared = restore_data(present.root, origin)
        embed(then.root, domain, then.data, then.training.backbone, prepared)
        with settled(
            open_training_run(then.root, domain, then.data, then.training, prepared, then.snapshot, None)
        ) as run:
            fitted = fit(then.root, domain, then.data, then.training, prepared, run)
            folder = package(then.root, domain, then.data, then.training, prepared, fitted)
            return compare(origin, folder, then.data, then.evaluation, then.gate, prepared, run)
