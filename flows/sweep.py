"""Sweep: several recipes over several seeds, judged on the validation split."""

from prefect import flow

from registry.ledger.leases import domain_lease
from registry.store.tracking import settled
from tasks.domain import load_domain
from tasks.making.prepare import embed, preprocess
from tasks.making.sweep import Sweep, Wish, compare_recipes, fit_all, open_sweep_run, plan_trials
from tasks.plan import Plan


@flow(name="sweep", flow_run_name="sweep {domain}")
def sweep(domain: str, recipes: tuple[str, ...], seeds: int = 3, scratch: bool = False) -> Sweep:
    """Trains each recipe with each seed and compares them; nothing is registered, and no test sample is touched."""
    config = load_domain(domain)
    with domain_lease(domain, "sweep"):
        trials = plan_trials(config, Wish(recipes, seeds, scratch))
        plan = Plan(config, preprocess(config))
        embed(plan)
        with settled(open_sweep_run(plan, trials)) as run_id:
            return compare_recipes(plan, fit_all(plan, trials, run_id))
