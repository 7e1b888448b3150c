"""Rebaseline: the present traffic is as it should be, and what later checks compare with."""

from tasks.domain import load_domain
from tasks.watch.accepting import Accepted, accept


def rebaseline(domain: str, reason: str, *, broken: bool = False) -> Accepted:
    """Accepts the newest traffic of the champion; `broken`: though a check would call it so.

    Raises:
        ConfigError: there is no such domain, no champion, no traffic of it, or it looks broken.
    """
    return accept(load_domain(domain), reason, broken=broken)
