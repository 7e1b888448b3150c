"""Prepare: from a domain's source to a dataset version with its features cached."""

from prefect import flow

from data.stores.locks import domain_lock
from flows.config import Domain, load_domain
from tasks.prepare import Prepared, embed, ingest, preprocess, validate


@flow(name="prepare", flow_run_name="prepare {domain}")
def prepare(domain: str) -> Prepared:
    """Brings a domain's processed data up to date."""
    config = load_domain(domain)
    with domain_lock(config.home, domain, "prepare"):
        return prepare_data(config)


def prepare_data(config: Domain) -> Prepared:
    """The steps of `prepare`, for flows that hold the lock already."""
    ingest(config.root, config.name, config.data)
    validate(config.root, config.name)
    prepared = preprocess(config.root, config.name)
    embed(config.root, config.name, config.data, config.training.backbone, prepared)
    return prepared
