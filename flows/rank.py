"""Rank: which backbone, stage and image size fit a domain, before anything is trained."""

from prefect import flow

from registry.ledger.leases import domain_lease
from registry.store.tracking import settled
from tasks.domain import load_domain
from tasks.making.prepare import preprocess
from tasks.making.rank import Entrant, Outcome, Ranking, Wish, open_ranking_run, plan_ranking, report_ranking, score
from tasks.plan import Plan


@flow(name="rank", flow_run_name="rank {domain}")
def rank(domain: str, backbones: tuple[str, ...] = (), sizes: tuple[int, ...] = (), samples: int = 2000) -> Ranking:
    """Scores backbones (by default all at hand) at image sizes (by default the domain's, smaller and larger ones)."""
    config = load_domain(domain)
    with domain_lease(domain, "rank"):
        return rank_data(Plan(config, preprocess(config)), Wish(backbones, sizes, samples))


def rank_data(plan: Plan, wish: Wish) -> Ranking:
    """The steps of `rank`."""
    field = plan_ranking(plan, wish)
    with settled(open_ranking_run(plan, field)) as run_id:
        entrants = [Entrant(backbone, size, field.samples) for backbone in field.backbones for size in field.sizes]
        scored = tuple(score(plan, entrant) for entrant in entrants)
        return report_ranking(plan, Outcome(field, scored, run_id))
