"""Samples of the traffic that led to a rollback: they are kept out of training until a person releases them."""

import json

from registry.ledger.watch.checks import ROLLED_BACK, Checks
from registry.ledger.watch.marks import Marks


def withheld(url: str, domain: str) -> frozenset[str]:
    """Hashes of the samples of a domain that are kept out of training.

    Args:
        url: of the ledger's database.
        domain: whose.
    """
    release = Marks(url).latest(domain).get("release")
    since = release.time if release else ""
    done = [check for check in Checks(url).of_outcome(domain, "rollback") if check.delivery.startswith(ROLLED_BACK)]
    return frozenset(
        digest for check in done if check.time > since for digest in json.loads(check.figures).get("withheld", [])
    )
