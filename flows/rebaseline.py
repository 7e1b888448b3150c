"""Rebaseline: the present traffic is as it should be, and what later checks compare with."""

from tasks.domain import load_domain
from tasks.watch.accepting import Accepted, accept


def rebaseline(domain: str, reason: str) -> Accepted:
    """Accepts the newest traffic of the champion.

    Raises:
        ConfigError: there is no such domain, no champion, or no traffic of it.
    """
    return accept(load_domain(domain), reason)
