"""Forget: samples leave everything that is kept of a domain, and never come back."""

from collections.abc import Sequence

from prefect import flow

from flows.prepare import prepare_data
from registry.ledger.leases import domain_lease
from tasks.domain import load_domain
from tasks.leaving.forget import Forgotten, erase_records, erase_samples, find_samples


@flow(name="forget", flow_run_name="forget samples of {domain}")
def forget(domain: str, hashes: Sequence[str] = (), keys: Sequence[str] = ()) -> Forgotten:
    """Erases samples by content hash, path or group; says what cannot be changed.

    The data, by which a path or group is found, come last: stopped before that, the same call goes on. After it only
    the stages are left, which the next `prepare` or `retrain` runs as well.
    """
    config = load_domain(domain)
    with domain_lease(domain, "forget"):
        samples = find_samples(config, hashes, keys)
        found = erase_records(config, samples)
        erase_samples(config, samples)
        prepare_data(config)
        return found
