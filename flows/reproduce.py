"""Reproduce: restore a version's data, train again as then, compare."""

from prefect import flow

from registry.ledger.leases import domain_lease
from registry.store.tracking import settled
from tasks.domain import DomainFile, domain_from, load_domain
from tasks.making.prepare import embed
from tasks.making.reproduce import Again, Reproduction, compare, find_origin, package_again, restore_data
from tasks.making.train import fit, open_training_run
from tasks.plan import Plan


@flow(name="reproduce", flow_run_name="reproduce {domain} v{version}")
def reproduce(domain: str, version: int) -> Reproduction:
    """Makes a version again from the recorded data, configuration and seed; nothing is registered."""
    present = load_domain(domain)
    with domain_lease(domain, "reproduce"):
        origin = find_origin(domain, version)
        then = domain_from(domain, present.root, DomainFile.model_validate_json(origin.snapshot))
        plan = Plan(then, restore_data(then, origin))
        embed(plan)
        with settled(open_training_run(plan, None)) as run:
            trained = fit(plan, run)
            package_again(plan, trained)
            return compare(plan, Again(version, origin.run_id, trained))
