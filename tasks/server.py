"""Whether there is a Prefect server that outlives this command, and what on it is this project's."""

import os

from prefect.settings import PREFECT_API_URL

from registry.ledger.project import project_identity
from settings.machine import TEMPORARY_SERVER, load_settings


def lasting_server() -> bool:
    """True beside `regraft up` or a server of one's own; what is handed to a temporary one waits for nobody."""
    return TEMPORARY_SERVER not in os.environ and bool(PREFECT_API_URL.value())


def is_shared() -> bool:
    """Whether other projects may use the server: whatever is not the one that `regraft up` starts here."""
    return lasting_server() and PREFECT_API_URL.value() != load_settings().prefect_api


def project_tag() -> str:
    """What all runs and deployments of this project carry."""
    return f"project {project_identity(load_settings().ledger)}"


def deployment_name(domain: str) -> str:
    """The name of a domain's deployments; on a server that several projects use it ends in this one's identity."""
    return f"{domain}-{project_identity(load_settings().ledger)}" if is_shared() else domain
