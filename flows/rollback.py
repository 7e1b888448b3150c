"""Rollback: return to a version that was in production before."""

from prefect import flow

from tasks.domain import load_domain
from tasks.judging.promote import Promotion, find_target
from tasks.judging.promote import rollback as roll_back


@flow(name="rollback", flow_run_name="roll back {domain}")
def rollback(domain: str, reason: str, to: int | None = None) -> Promotion:
    """Returns to the previous version, or to `to`; like a promotion it waits for no training.

    Args:
        domain: Name of the file below domains/.
        reason: Why, for the ledger.
        to: Any registered version; without it the last one in production that is not in quarantine.
    """
    return roll_back(domain, find_target(load_domain(domain).name, to), reason)
