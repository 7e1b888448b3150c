"""All deployments of a project as the text that `prefect deploy` reads."""

import os
from pathlib import Path

from flows.scheduler.deployments import deployments, for_asking
from flows.scheduler.prefect_file import prefect_file
from settings.errors import ConfigError
from tasks.domain import domain_names, load_domain
from tasks.server import project_tag


def written_deployments(root: Path, pool: str, cloned: bool, identity: str) -> tuple[str, list[str]]:
    """The text of the file, and the full names of the deployments in it.

    `identity` stands in the text for the project's own, which its ledger knows; empty: the own one.

    Raises:
        ConfigError: a domain's file is wrong, or it is unknown which server will be told.
    """
    if "PREFECT_API_URL" not in os.environ:  # on a server of several projects names end in this one's identity
        raise ConfigError(
            "PREFECT_API_URL is not set, and names of deployments depend on the server; "
            "set it to the one that `prefect deploy` will tell, such as http://prefect.example.org:4200/api"
        )
    from flows.monitor import monitor
    from flows.retrain import retrain
    from flows.rollback import rollback
    from flows.score import score

    domains = [load_domain(name) for name in domain_names(root)]
    built = deployments(domains, retrain=retrain, monitor=monitor)
    built += for_asking(domains, rollback=rollback, score=score)
    names, text = [one.full_name for one in built], prefect_file(built, pool=pool, cloned=cloned)
    return (_under(identity, text) if identity else text), names


def _under(identity: str, text: str) -> str:
    """The same deployments under another identity, in tags and at the end of names."""
    tag = project_tag()
    own = tag.removeprefix("project ")
    return text.replace(tag, f"project {identity}").replace(f"-{own}\n", f"-{identity}\n")
