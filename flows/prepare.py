"""Prepare: from a domain's source to a dataset version with its features cached."""

from prefect import flow

from registry.ledger.leases import domain_lease
from tasks.domain import Domain, load_domain
from tasks.making.prepare import embed, ingest, preprocess, validate
from tasks.making.share import share, take_over
from tasks.plan import Plan, Prepared


@flow(name="prepare", flow_run_name="prepare {domain}")
def prepare(domain: str) -> Prepared:
    """Brings a domain's processed data up to date."""
    config = load_domain(domain)
    with domain_lease(domain, "prepare"):
        return prepare_data(config).prepared


def prepare_data(config: Domain) -> Plan:
    """The steps of `prepare`, for flows that hold the lock already."""
    take_over(config)
    read = ingest(config)
    validate(config)
    plan = Plan(config, preprocess(config, read.notices))
    share(config)
    embed(plan)
    return plan
