"""How often the gate is wrong, by simulation on real predictions; `python -m bench.gate`.

Pairs of models are made from what eight logistic probes say of the 2,624 solar cells of ELPV, each cell by a probe that
has not seen its module. A test set is drawn from them with replacement: whole modules of about 60 cells, whose
predictions go together, or single cells. For every module (or cell) a coin decides which of two probes the challenger
is and which the champion: neither is better in truth, so every promotion is false. With a coin that favours the better
probe the challenger has a true gain. Each pair goes through `registry.gate.decide` with the domain's default rule
(superiority 0, level 95%) and floors that hold, with 400 resamples instead of 2,000. Dealing out whole modules adds
variance of its own to the gains below the largest. The rule for the interval's ends, the farther of percentiles and
Student's t, was chosen after a look at false promotions on this same pool, so these rates are no independent proof.
"""

from collections.abc import Sequence
from typing import Any

import click
import numpy as np

from bench.gate_pairs import PROBES, Pool, draw, load_pool, mixed_pair
from bench.measure import Cell, Record, bench_main, run_cells
from bench.report import NOT_RUN, Results, table
from evaluation.predictions.metrics import MetricName
from evaluation.predictions.predictions import Predictions
from registry.gate.config import GateConfig
from registry.gate.decide import decide
from registry.gate.decision import Decision, Measured
from registry.gate.spending import Turn
from settings.machine import load_settings

STRUCTURES = {
    "5 modules": {"modules": 5, "cells": 0},
    "10 modules": {"modules": 10, "cells": 0},
    "20 modules": {"modules": 20, "cells": 0},
    "250 cells": {"modules": 0, "cells": 250},
    "656 cells": {"modules": 0, "cells": 656},
}
SHARES = (0.55, 0.625, 0.75, 1.0)
LOOKS, STEP = 20, 50
SHOWN_LOOKS = (1, 2, 5, 10, 20)
_LOOKS_NOTE = f"""Accuracy of two equal models, compared again whenever {STEP} cells have come. Repeated tests at 5% on
growing data are known to tell equal models apart in 8 / 14 / 19 / 25% by look 2 / 5 / 10 / 20 (Armitage, McPherson and
Rowe 1969). Alpha spending states that, over all looks together, at most 5% are promoted and 10% told apart, of which
the first look may take half."""
ORDERLY = Measured(latency_ms=1, size_mb=1, parity=0, parity_limit=1e-3, card_gaps=())


def null(metric: MetricName, modules: int, cells: int, pairs: int) -> dict[str, float]:
    """How many pairs of equal models the gate promotes, and how many it calls significantly worse."""
    pool, generator = load_pool(load_settings().root), np.random.default_rng(0)
    found = [_decide(*_any_pair(pool, generator, modules, cells), metric=metric) for _ in range(pairs)]
    return {"pairs": pairs, "promoted": _promoted(found), "rejected": sum(one.outcome == "REJECT" for one in found)}


def power(modules: int, cells: int, share: float, pairs: int) -> dict[str, float]:
    """How many challengers with a true gain are promoted; the gain is the mean over the pairs."""
    pool, generator = load_pool(load_settings().root), np.random.default_rng(1)
    found = []
    for _ in range(pairs):
        better, worse = int(generator.integers(PROBES)), PROBES + int(generator.integers(PROBES))
        drawn = draw(pool, generator, modules=modules, cells=cells)
        found.append(_decide(*mixed_pair(pool, generator, drawn, better=better, worse=worse, share=share)))
    gains = [one.difference.value for one in found if one.difference]
    return {"pairs": pairs, "promoted": _promoted(found), "gain": float(np.mean(gains))}


def looks(spending: bool, sequences: int) -> dict[str, Any]:
    """Equal models compared again whenever 50 cells have come: by which look each was first promoted, or told apart."""
    pool, generator = load_pool(load_settings().root), np.random.default_rng(2)
    firsts = [_sequence(pool, generator, spending=spending) for _ in range(sequences)]
    promoted, apart = np.array(firsts).T
    return {
        "sequences": sequences,
        "promoted": [int((promoted <= look).sum()) for look in SHOWN_LOOKS],
        "apart": [int((apart <= look).sum()) for look in SHOWN_LOOKS],
    }


def _sequence(pool: Pool, generator: np.random.Generator, *, spending: bool) -> tuple[int, int]:
    """Numbers of the look that first promoted, and of the first that found a difference either way."""
    champion, challenger = _any_pair(pool, generator, 0, LOOKS * STEP)
    promoted = apart = LOOKS + 1
    for look in range(1, LOOKS + 1):
        known = np.arange(look * STEP)
        turn = Turn(use=look, look=look if spending else 1)
        decision = _decide(champion.take(known), challenger.take(known), metric="accuracy", turn=turn)
        if decision.outcome != "HOLD":
            apart = min(apart, look)
        if decision.outcome == "PROMOTE":
            return look, apart
    return promoted, apart


def _any_pair(pool: Pool, generator: np.random.Generator, modules: int, cells: int) -> tuple[Predictions, Predictions]:
    """Two different probes, dealt out evenly."""
    first, second = generator.choice(2 * PROBES, 2, replace=False)
    drawn = draw(pool, generator, modules=modules, cells=cells)
    return mixed_pair(pool, generator, drawn, better=int(first), worse=int(second), share=0.5)


def _decide(
    champion: Predictions, challenger: Predictions, *, metric: MetricName = "auc", turn: Turn | None = None
) -> Decision:
    config = GateConfig(metric=metric, floor=0.0, max_ece=1.0, resamples=400, looks=LOOKS)
    return decide(challenger, champion, config=config, measured=ORDERLY, turn=turn or Turn())


def _promoted(found: Sequence[Decision]) -> int:
    return sum(one.outcome == "PROMOTE" for one in found)


def section(results: Results) -> str:
    """Tables of false promotions, of power, and of repeated looks; intervals are Wilson's at 95%."""
    parts = [(__doc__ or "").split("\n", 2)[2].strip(), "### False promotions", _null_table(results)]
    parts += ["### Power", _power_table(results), "### Repeated looks", _looks_table(results)]
    return "\n\n".join(parts)


def _null_table(results: Results) -> str:
    head = ("metric", "test set", "pairs", "promoted, 2.5% stated", "called significantly worse, 2.5% stated")
    rows = []
    for metric, name in _null_cells():
        values = _values(results, _null_name(metric, name))
        rates = [_rate(values[key], values["pairs"]) for key in ("promoted", "rejected")] if values else []
        rows.append((metric, name, *((str(values["pairs"]), *rates) if values else [NOT_RUN] * 3)))
    return table(head, rows)


def _power_table(results: Results) -> str:
    rows = []
    for name in ("10 modules", "656 cells"):
        for share in SHARES:
            values = _values(results, _power_name(name, share))
            known = (f"{values['gain']:+.4f}", _rate(values["promoted"], values["pairs"])) if values else ()
            rows.append((name, *(known or (NOT_RUN, NOT_RUN))))
    return table(("test set", "true gain in AUC", "promoted"), rows)


def _looks_table(results: Results) -> str:
    head = ("equal models", *(f"by look {look}" for look in SHOWN_LOOKS))
    rows = []
    for spending, title in ((False, "every look at 95%"), (True, "alpha spending")):
        values = _values(results, _looks_name(spending))
        for key, what in (("apart", "told apart"), ("promoted", "promoted")):
            shown = [_rate(one, values["sequences"]) for one in values[key]] if values else [NOT_RUN] * len(SHOWN_LOOKS)
            rows.append((f"{what}, {title}", *shown))
    return f"{_LOOKS_NOTE}\n\n{table(head, rows)}"


def _values(results: Results, name: str) -> Record:
    return dict(results[name]["values"]) if name in results else {}


def _rate(count: float, total: float) -> str:
    from scipy.stats import binomtest

    ends = binomtest(int(count), int(total)).proportion_ci(method="wilson")
    return f"{100 * count / total:.1f}% ({100 * ends.low:.1f} to {100 * ends.high:.1f})"


def _null_cells() -> list[tuple[MetricName, str]]:
    return [*(("auc", name) for name in STRUCTURES), ("accuracy", "5 modules"), ("accuracy", "250 cells")]


def _null_name(metric: MetricName, structure: str) -> str:
    return f"null/{metric}/{structure.replace(' ', '-')}"


def _power_name(structure: str, share: float) -> str:
    return f"power/{structure.replace(' ', '-')}/{share:g}"


def _looks_name(spending: bool) -> str:
    return "looks/spending" if spending else "looks/plain"


def cells(pairs: int) -> list[Cell]:
    """Every cell: null pairs, pairs with a gain (a fifth as many each), and sequences of looks (a third as many)."""
    found = [
        Cell(
            "gate",
            _null_name(metric, name),
            "bench.gate:null",
            {"metric": metric, **STRUCTURES[name], "pairs": pairs},
            1,
        )
        for metric, name in _null_cells()
    ]
    found += [
        Cell("gate", _power_name(name, share), "bench.gate:power",
             {**STRUCTURES[name], "share": share, "pairs": pairs // 5}, 1)
        for name in ("10 modules", "656 cells") for share in SHARES
    ]  # fmt: skip
    return found + [
        Cell("gate", _looks_name(spending), "bench.gate:looks", {"spending": spending, "sequences": pairs // 3}, 1)
        for spending in (False, True)
    ]


@click.command(context_settings={"show_default": True})
@click.option("--pairs", default=1000, help="Null pairs of each kind of test set.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(pairs: int, again: bool) -> None:
    """Measures all cells on one core; goes on where it was stopped."""
    run_cells(cells(pairs), again=again, root=load_settings().home / "bench" / "gate-work")


if __name__ == "__main__":
    bench_main(main)
