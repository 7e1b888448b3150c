"""Sweep: several recipes over several seeds, judged on the validation split."""

from prefect import flow

from data.stores.locks import domain_lock
from flows.config import load_domain
from registry.store.tracking import settled
from tasks.prepare import embed, preprocess
from tasks.sweep import Sweep, compare_recipes, fit_trial, open_sweep_run, plan_trials


@flow(name="sweep", flow_run_name="sweep {domain}")
def sweep(domain: str, recipes: tuple[str, ...], seeds: int = 3, scratch: bool = False) -> Sweep:
    """Trains each recipe with each seed and compares them; nothing is registered, and no test sample is touched."""
    config = load_domain(domain)
    root, name, data, metric = config.root, config.name, config.data, config.gate.metric
    with domain_lock(config.home, domain, "sweep"):
        trials = plan_trials(name, config.training, recipes, seeds, scratch)
        prepared = preprocess(root, name)
        embed(root, name, data, config.training.backbone, prepared)
        with settled(open_sweep_run(name, trials)) as run_id:
            scores = [fit_trial(root, name, data, prepared, trial, metric, run_id) for trial in trials]
            return compare_recipes(name, run_id, metric, scores)
