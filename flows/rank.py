"""Rank: which backbone, stage and image size fit a domain, before anything is trained."""

from prefect import flow

from data.stores.locks import domain_lock
from flows.config import Domain, load_domain
from registry.store.tracking import settled
from tasks.prepare import Prepared, preprocess
from tasks.rank import Ranking, open_ranking_run, plan_ranking, report_ranking, score


@flow(name="rank", flow_run_name="rank {domain}")
def rank(domain: str, backbones: tuple[str, ...] = (), sizes: tuple[int, ...] = (), samples: int = 2000) -> Ranking:
    """Scores backbones (by default all at hand) at image sizes (by default the domain's and smaller ones)."""
    config = load_domain(domain)
    with domain_lock(config.home, domain, "rank"):
        return rank_data(config, preprocess(config.root, domain), backbones, sizes, samples)


def rank_data(
    config: Domain, prepared: Prepared, backbones: tuple[str, ...], sizes: tuple[int, ...], samples: int
) -> Ranking:
    """The steps of `rank`."""
    root, name, data, training = config.root, config.name, config.data, config.training
    plan = plan_ranking(root, name, training, prepared, backbones, sizes, samples)
    with settled(open_ranking_run(root, name, training, prepared, plan)) as run_id:
        pairs = [(backbone, size) for backbone in plan.backbones for size in plan.sizes]
        scored = [score(root, name, data, prepared, plan, backbone, size) for backbone, size in pairs]
        return report_ranking(name, data, prepared, plan, scored, run_id)
