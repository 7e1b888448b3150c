"""How often the gate is wrong, and how often it helps, by simulation on real predictions; `python -m bench.gate.rates`.

Single samples: what logistic probes on frozen features (128 px) say of the 10,000 test images of Fashion-MNIST, ten
classes; eight times probes of 60 to 1,200 training images. Pairs of probes are chosen by their true difference in
accuracy; 60 or 300 images are drawn for evidence, each pair with its own. "Equal" pairs are made equal: a coin deals
out both answers to every image; who is called better there is so by chance, of which 2.5% are allowed. Whole groups:
what eight probes say of the 2,624 solar cells of ELPV, drawn by modules of about 60 cells; for every module a coin
decides which of two probes the challenger is, so that the gain is a share of the two probes' difference. Every pair
goes through `registry.gate.comparison` with the default rule (level 95%, 400 resamples instead of 2,000) and with the
rule before it: the metric's own interval above 0, and as many looks as there were comparisons. The rule was chosen on
these probes (at 64 px and 128 px), so the rates are no independent proof.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from bench.gate import folds as gate_folds
from bench.gate.folds import EVIDENCE as BY_EVIDENCE
from bench.gate.folds import GAINS as GAINS_OUT_OF_FOLD
from bench.gate.pairs import PROBES, draw, load_pool, mixed_pair
from bench.gate.pool import dealt, load_garments
from bench.gate.series import RULE, finding, ten_looks, ten_successors
from bench.measure import Cell, Record, bench_main, run_cells
from bench.report import NOT_RUN, Results, table
from bench.training.growth import FASHION
from evaluation.inference.bootstrap import Resampling
from evaluation.inference.paired import improvement
from evaluation.predictions.predictions import Predictions
from settings.machine import load_settings

Pair = tuple[Predictions, Predictions]
EVIDENCE = (60, 300)
GAINS: dict[str, float | None] = {
    "the margin worse": None, "-5 points": -0.05, "-2 points": -0.02, "0": 0.0, "+2 points": 0.02, "+5 points": 0.05,
    "+10 points": 0.1,
}  # fmt: skip
EQUAL = "equal"
SHARES = (0.5, 0.75, 1.0)
MODULES = (5, 12)
KEYS = ("PROMOTE", "better", "PROVISIONAL", "HOLD", "REJECT", "old")
OUTCOMES = ("PROMOTE", "of these as better", "PROVISIONAL", "HOLD", "REJECT", "promoted by the rule before")
OLD = {"score": "metric", "non_inferiority": 0.0}


def single(images: str, evidence: int, gain: str, pairs: int) -> Record:
    """Outcomes of pairs with a true gain, each on images of its own, by both rules; and those of ten looks."""
    pool, generator = load_garments(load_settings().root, Path(images)), np.random.default_rng(0)
    chosen = pool.pairs(0.0 if gain == EQUAL else GAINS[gain])

    def drawn() -> Pair:
        champion, challenger = chosen[generator.integers(len(chosen))]
        rows = generator.integers(len(pool.truth), size=evidence)
        pair = pool.said(champion, rows), pool.said(challenger, rows)
        return dealt(*pair, generator) if gain == EQUAL else pair

    return _outcomes(drawn, pairs, RULE)


def modules(images: str, evidence: int, share: float, pairs: int) -> Record:
    """Outcomes of pairs on whole modules of solar cells, by both rules, and the mean true gain."""
    del images
    pool, generator = load_pool(load_settings().root), np.random.default_rng(1)
    gains = []

    def drawn() -> Pair:
        better, worse = int(generator.integers(PROBES)), PROBES + int(generator.integers(PROBES))
        rows = draw(pool, generator, modules=evidence, cells=0)
        pair = mixed_pair(pool, generator, rows, better=better, worse=worse, share=share)
        gains.append(improvement("auc", *pair, Resampling(0, 100)).value)
        return pair

    found = _outcomes(drawn, pairs, {**RULE, "metric": "auc"})
    return {**found, "gain": float(np.mean(gains))}


def looks(images: str, evidence: int, gain: str, pairs: int) -> Record:
    """How many of ten different challengers of one champion, looked at on the same images, are ever promoted."""
    pool, generator = load_garments(load_settings().root, Path(images)), np.random.default_rng(2)
    found = [ten_looks(pool, generator, pool.pairs(GAINS[gain]), evidence) for _ in range(pairs)]
    promoted, provisional, told = np.array(found, dtype=np.float64).T
    return {
        "pairs": pairs, "PROMOTE": int(promoted.sum()), "PROVISIONAL": int(provisional.sum()), "told": told.mean(),
    }  # fmt: skip


def creep(images: str, evidence: int, held: bool, pairs: int) -> Record:
    """Ten successors on the same images, each truly 0.005 below the champion of its time: what is lost in all."""
    pool, generator = load_garments(load_settings().root, Path(images)), np.random.default_rng(3)
    found = np.array([ten_successors(pool, generator, evidence, held=held) for _ in range(pairs)])
    lost, promoted = found.T
    ends = 1.96 * lost.std(ddof=1) / np.sqrt(pairs)
    return {"pairs": pairs, "lost": lost.mean(), "half": ends, "promotions": promoted.mean()}


def _outcomes(drawn: Callable[[], Pair], pairs: int, rule: dict[str, Any]) -> Record:
    """How often each outcome comes, by the rule and by the one before; `+` is promoted as better."""
    found: Counter[str] = Counter()
    for _ in range(pairs):
        pair = drawn()
        new, old = (finding(*pair, rule=rule | more) for more in ({}, OLD))
        found.update([new.outcome, *(["better"] if new.better else []), *(["old"] if old.better else [])])
    return {"pairs": pairs, **found}


def section(results: Results) -> str:
    """Tables of outcomes, of ten looks and of ten successors; intervals are Wilson's at 95%."""
    text = (__doc__ or "").split("\n", 2)[2].strip()
    parts = [text, "### One comparison", _single_table(results), "### Whole groups", _modules_table(results)]
    parts += ["### Ten challengers on one test set", _looks_table(results)]
    parts += ["### Ten successors, each 0.005 worse", _creep_table(results)]
    text = (gate_folds.__doc__ or "").split("\n", 2)[2].strip()
    return "\n\n".join([*parts, "### All samples as evidence", text, _folds_table(results)])


def _single_table(results: Results) -> str:
    names = [(evidence, gain) for evidence in EVIDENCE for gain in (*GAINS, EQUAL)]
    return table(("images", "true gain", *OUTCOMES), [_row(results, ("single", *name), name, KEYS) for name in names])


def _modules_table(results: Results) -> str:
    rows = []
    for name in [(evidence, share) for evidence in MODULES for share in SHARES]:
        values = _values(results, ("modules", *name))
        gain = f"{values['gain']:+.4f}" if values else NOT_RUN
        rows.append(_row(results, ("modules", *name), (name[0], gain), KEYS))
    return table(("modules", "true gain in AUC", *OUTCOMES), rows)


def _looks_table(results: Results) -> str:
    head = ("images", "true gain of each", "any PROMOTE", "any PROVISIONAL", "tell as much as")
    rows = []
    for name in _looked():
        values = _values(results, ("looks", *name))
        told = f"{values['told']:.1f} unrelated" if values else NOT_RUN
        rows.append((*_row(results, ("looks", *name), name, ("PROMOTE", "PROVISIONAL")), told))
    return table(head, rows)


def _creep_table(results: Results) -> str:
    head = ("images", "held to the best version", "promoted of ten", "accuracy lost")
    rows = []
    for evidence, held in _crept():
        values = _values(results, ("creep", evidence, held))
        lost = f"{values['lost']:.4f} ± {values['half']:.4f}" if values else NOT_RUN
        promoted = f"{values['promotions']:.2f}" if values else NOT_RUN
        rows.append((str(evidence), "yes" if held else "no", promoted, lost))
    return table(head, rows)


def _folds_table(results: Results) -> str:
    """Outcomes of all worlds by gain and evidence."""
    told: Counter[str] = Counter()
    for record in (one for name, one in results.items() if name.startswith("folds/")):
        told.update(record["values"])
    keys = ("PROMOTE", "better", "PROVISIONAL", "HOLD", "REJECT")
    rows = []
    for gain in GAINS_OUT_OF_FOLD:
        for by in BY_EVIDENCE:
            pairs = told[f"{gain}/{by}/pairs"]
            rates = [_rate(told[f"{gain}/{by}/{key}"], pairs) if pairs else NOT_RUN for key in keys]
            rows.append((gain, by, str(pairs), *rates))
    return table(("true gain", "evidence", "pairs", *OUTCOMES[:5]), rows)


def _row(results: Results, cell: Sequence[Any], name: Sequence[Any], keys: Sequence[str]) -> tuple[str, ...]:
    values = _values(results, cell)
    rates = [_rate(values.get(key, 0), values["pairs"]) if values else NOT_RUN for key in keys]
    return (*map(str, name), *rates)


def _values(results: Results, cell: Sequence[Any]) -> Record:
    name = _name(cell)
    return dict(results[name]["values"]) if name in results else {}


def _rate(count: float, total: float) -> str:
    from scipy.stats import binomtest

    ends = binomtest(int(count), int(total)).proportion_ci(method="wilson")
    return f"{100 * count / total:.1f}% ({100 * ends.low:.1f} to {100 * ends.high:.1f})"


def _name(cell: Sequence[Any]) -> str:
    return "/".join(str(part).replace(" ", "-") for part in cell)


def _looked() -> list[tuple[int, str]]:
    return [(evidence, gain) for evidence in EVIDENCE for gain, value in GAINS.items() if value is None or value <= 0]


def _crept() -> list[tuple[int, bool]]:
    return [(evidence, held) for evidence in (*EVIDENCE, 3_000) for held in (False, True)]


def cells(images: str, pairs: int) -> list[Cell]:
    """Every cell; of equal pairs four times as many, of ten looks and ten successors a third."""
    planned: list[tuple[str, tuple[Any, ...], dict[str, Any], int]] = [
        *(("single", (n, gain), {"evidence": n, "gain": gain}, pairs) for n in EVIDENCE for gain in GAINS),
        *(("single", (n, EQUAL), {"evidence": n, "gain": EQUAL}, 4 * pairs) for n in EVIDENCE),
        *(("modules", (n, share), {"evidence": n, "share": share}, pairs) for n in MODULES for share in SHARES),
        *(("looks", (n, gain), {"evidence": n, "gain": gain}, pairs // 3) for n, gain in _looked()),
        *(("creep", (n, held), {"evidence": n, "held": held}, pairs // 3) for n, held in _crept()),
    ]
    return [
        Cell(
            "gate",
            _name((kind, *name)),
            f"bench.gate.rates:{kind}",
            {"images": images, **parameters, "pairs": count},
            1,
        )
        for kind, name, parameters, count in planned
    ] + _world_cells(images, pairs)


def _world_cells(images: str, pairs: int) -> list[Cell]:
    """Half of the worlds of out-of-fold evidence in each."""
    half = pairs // 2
    told = [{"images": images, "first": number * half, "worlds": half} for number in (0, 1)]
    return [Cell("gate", f"folds/{one['first']}", "bench.gate.folds:folds", one, 1) for one in told]


@click.command(context_settings={"show_default": True})
@click.option("--images", default=FASHION, help="Folder of the four IDX files (Debian: dataset-fashion-mnist).")
@click.option("--pairs", default=1000, help="Pairs of each kind.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(images: str, pairs: int, again: bool) -> None:
    """Measures all cells on one core; goes on where it was stopped."""
    run_cells(cells(images, pairs), again=again, root=load_settings().home / "bench" / "gate-work")


if __name__ == "__main__":
    bench_main(main)
