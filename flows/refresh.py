"""Refresh: a test set that was looked at too often is replaced by newer data."""

from prefect import flow

from data.stages.refresh import Refreshed
from registry.ledger.leases import domain_lease
from tasks.domain import load_domain
from tasks.making.prepare import preprocess
from tasks.making.share import share, take_over
from tasks.making.split import refresh_split
from tasks.plan import Plan


@flow(name="refresh", flow_run_name="refresh the test set of {domain}")
def refresh(domain: str) -> Refreshed:
    """Draws a fresh test set from data that no version in production learned from; comparisons start anew on it."""
    config = load_domain(domain)
    with domain_lease(domain, "refresh"):
        take_over(config)
        found = refresh_split(Plan(config, preprocess(config)))
        preprocess(config)
        share(config)
        return found
