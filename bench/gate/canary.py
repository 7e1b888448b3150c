"""What becomes of canaries, simulated with real predictions and late labels; `python -m bench.gate.canary`.

Pairs of probes as in `bench.gate.rates`, by their true difference on the 10,000 test images of Fashion-MNIST; the
"equal" ones are made equal by a coin. Each request is one image, drawn anew. A label comes back for a share of requests
after 1,000 others in the middle (exponentially distributed). The pairs are judged by `serving.canary.judging` with the
default rule after every 250 requests; what is open after 20,000 is HOLD. The canary answers 5, 20 and 50% of the
requests, as the evidence grows.
"""

from pathlib import Path
from statistics import median

import click
import numpy as np

from bench.gate.pool import dealt, load_garments
from bench.measure import Cell, Record, bench_main, run_cells
from bench.report import NOT_RUN, Results, table
from bench.training.growth import FASHION
from evaluation.inference.interval import Interval
from evaluation.predictions.predictions import Predictions
from registry.gate.config import CanaryConfig, GateConfig
from registry.gate.decision import Decision
from registry.gate.spending import Turn
from serving.canary.judging import judge
from serving.canary.pairs import Pairs
from settings.machine import load_settings

REQUESTS, LOOK, DELAY = 20_000, 250, 1_000
GAINS = {"-5 points": -0.05, "-2 points": -0.02, "equal": 0.0, "+2 points": 0.02, "+5 points": 0.05}
LABELLED = (0.2, 0.02, 0.0)
PLAN = CanaryConfig()
HOURS = PLAN.hours / REQUESTS  # from one request to the next
ENDS = ("PROMOTE", "WITHDRAW", "HOLD")

TOLD = """\
Pairs of probes as in the gate's simulation, by their true difference in accuracy on the test images of Fashion-MNIST
("equal" ones are made so by a coin). Each request is one image; a label comes 1,000 requests later in the middle.
Judged after every 250 requests; what is open after 20,000 is HOLD. The margin is the usual one, a quarter of the
champion's error: for the weakest of these champions 5 to 7 points, so that some who are 5 points worse are within what
is borne. The last column counts answers that were wrong because the canary gave them, less those that were right."""


def canaries(images: str, gain: str, labelled: float, runs: int) -> Record:
    """Ends of canaries of a true gain, requests until then, and answers that were wrong for them, on balance."""
    pool, generator = load_garments(load_settings().root, Path(images)), np.random.default_rng(0)
    chosen = pool.pairs(GAINS[gain])
    found = []
    for _ in range(runs):
        champion, challenger = chosen[generator.integers(len(chosen))]
        rows = generator.integers(len(pool.truth), size=REQUESTS)
        pair = pool.said(champion, rows), pool.said(challenger, rows)
        pair = dealt(*pair, generator) if gain == "equal" else pair
        found.append(_course(*pair, 1 - float(pool.accuracy[champion]), labelled, generator))
    ends, until, worse = zip(*found, strict=True)
    return {
        **{end: ends.count(end) for end in ENDS},
        "runs": runs,
        "requests": median(until),
        "worse": float(np.mean(worse)),
    }


def _course(
    champion: Predictions, challenger: Predictions, error: float, labelled: float, generator: np.random.Generator
) -> tuple[str, int, float]:
    """How one canary ends, after how many requests, and how many more answers were wrong for it."""
    decision, truth = _decision(error), champion.truth
    said, before = challenger.probabilities.argmax(axis=1), champion.probabilities.argmax(axis=1)
    gains, disagrees = (said == truth) * 1.0 - (before == truth), (said != before) * 1.0
    places = np.arange(REQUESTS)
    comes = np.where(
        generator.random(REQUESTS) < labelled, places + generator.exponential(DELAY / np.log(2), REQUESTS), np.inf
    )
    order = np.argsort(comes)
    share, lost = PLAN.share(0.0), 0.0
    for now in range(LOOK, REQUESTS + 1, LOOK):
        lost -= share * gains[now - LOOK : now].sum()
        known = order[: np.searchsorted(comes[order], now)]
        found = judge(Pairs(disagrees[:now], gains[known], np.zeros(0), now, 0), decision, PLAN, now * HOURS)
        if found.end is not None:
            return found.end, now, float(lost)
        share = PLAN.share(found.figures.progress)
    raise AssertionError("the time limit ends every canary")


def _decision(error: float) -> Decision:
    rule, found = GateConfig(metric="accuracy", floor=0.0), Interval(1 - error, 0.0, 1.0)
    return Decision(
        outcome="PROVISIONAL", reasons=("",), metric="accuracy", challenger=found, margin=rule.margin(error), samples=0,
        groups=0, floors=(), test_set="", turn=Turn(), config=rule,
    )  # fmt: skip


def section(results: Results) -> str:
    """The page's tables: one a share of labels."""
    parts = [TOLD]
    for labelled in LABELLED:
        rows = [_row(gain, dict(results.get(_name(gain, labelled), {}).get("values", {}))) for gain in GAINS]
        told = f"labels for {100 * labelled:g}% of requests" if labelled else "no labels"
        head = (told, *ENDS, "requests until then, median", "wrong answers for it, on balance")
        parts.append(table(head, rows))
    return "\n\n".join(parts)


def _row(gain: str, found: Record) -> tuple[str, ...]:
    if not found:
        return (gain, *[NOT_RUN] * (len(ENDS) + 2))
    rates = [f"{100 * found[end] / found['runs']:.1f}%" for end in ENDS]
    return (gain, *rates, f"{found['requests']:,.0f}", f"{found['worse']:+.1f}")


def _name(gain: str, labelled: float) -> str:
    return f"{gain}/{labelled}"


def cells(images: str, runs: int) -> list[Cell]:
    """Every cell."""
    return [
        Cell("canary", _name(gain, labelled), "bench.gate.canary:canaries", {
            "images": images, "gain": gain, "labelled": labelled, "runs": runs
        }, 1)
        for labelled in LABELLED for gain in GAINS
    ]  # fmt: skip


@click.command(context_settings={"show_default": True})
@click.option("--images", default=FASHION, help="Folder of the four IDX files (Debian: dataset-fashion-mnist).")
@click.option("--runs", default=400, help="Canaries of each kind.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(images: str, runs: int, again: bool) -> None:
    """Measures all cells on one core; goes on where it was stopped."""
    run_cells(cells(images, runs), again=again, root=load_settings().home / "bench" / "gate-work")


if __name__ == "__main__":
    bench_main(main)
