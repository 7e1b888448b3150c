"""Remove: a domain leaves the project; a new one of its name begins anew."""

from dataclasses import replace

from prefect import flow

from flows.scheduler.deployments import forget_domain
from registry.ledger.leases import domain_lease
from tasks.leaving.removal import Removal, plan_removal
from tasks.leaving.remove import close_ledger, remove_files, remove_model


@flow(name="remove", flow_run_name="remove {domain}")
def remove(domain: str, reason: str = "asked for") -> Removal:
    """Takes a domain out of production, then everything that is kept of it; its YAML goes last.

    Stopped before that, the same call goes on.
    """
    planned = plan_removal(domain)
    with domain_lease(domain, "remove"):
        close_ledger(domain, reason)
        forget_domain(domain)
        remove_model(domain)
        unreached = [f"dataset versions in {remote}: run `dvc gc --cloud` there" for remote in remove_files(domain)]
    return replace(planned, stays=(*planned.stays, *unreached), done=True)
