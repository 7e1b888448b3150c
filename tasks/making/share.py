"""The tasks that let machines share a domain's data, where DVC's remote is at an address."""

import logging

from prefect import task

from data.stores.versions.sharing import adopt, is_shared, send
from data.stores.versions.stages import locked_stages
from registry.ledger.datasets import newest_dataset, note_dataset
from settings.machine import load_settings
from tasks.domain import Domain
from tasks.policy import IO

log = logging.getLogger(__name__)


@task(name="take over data", task_run_name="take over the data of {domain.name}", **IO)
def take_over(domain: Domain) -> bool:
    """Goes on from the data that another machine has made meanwhile, so that no sample changes its split."""
    if not is_shared(domain.root):
        return False
    newest = newest_dataset(load_settings().ledger, domain.name)
    taken = newest is not None and adopt(domain.root, domain.name, newest)
    if taken:
        log.info("%s goes on from the data of another machine", domain.name)
    return taken


@task(name="share data", task_run_name="share the data of {domain.name}", **IO)
def share(domain: Domain) -> bool:
    """Sends new data to the remote, then says that they are the newest."""
    if not is_shared(domain.root):
        return False
    url, name = load_settings().ledger, domain.name
    if newest_dataset(url, name) == locked_stages(domain.root, name):
        return False
    note_dataset(url, name, send(domain.root, name))
    return True
