"""The command that ranks backbones."""

from dataclasses import asdict
from functools import partial
from typing import Any

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument, listed, prepared_flow, run_flow
from flows.cli.shell.tables import print_table


def _numbers(ctx: click.Context, option: click.Parameter, value: str | None) -> tuple[int, ...]:
    try:
        return tuple(int(name) for name in listed(ctx, option, value))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no list of pixels such as 224,160,128") from error


@answering()
@domain_argument
@click.option("--backbones", callback=listed, help="Names in the model hub, with commas; default: all at hand.")
@click.option(
    "--sizes", callback=_numbers, help="Image sides in pixels, with commas; default: the domain's, smaller and larger."
)
@click.option(
    "--samples", type=click.IntRange(min=20), default=2000, show_default=True, help="Training samples at most."
)
def rank(domain: str, backbones: tuple[str, ...], sizes: tuple[int, ...], samples: int) -> Answer:
    """Score backbones, stages and image sizes for DOMAIN by k-NN, LogME and LEEP, without training.

    Only training samples are read, and no group is on both sides of a fold. A tie (=) is what folds cannot tell from
    the best. LogME compares candidates of one domain, LEEP is that of the pretrained classifier's own classes.
    """
    found = run_flow(prepared_flow("rank", "rank"), domain, backbones, sizes, samples)
    value = asdict(found) | {"scores": [_plain(score) for score in found.scores]}
    return Answer(value, partial(_show, found))


def _show(found: Any) -> None:
    ranked = sorted({score.backbone for score in found.scores})
    title = (
        f"{found.domain}: {found.samples} of {found.available} training samples, commonest class {found.baseline:.3f}"
    )
    named = f"{title}, {ranked[0]}" if len(ranked) == 1 else title
    print_table(named, [_row(score, found.scores[0], named=len(ranked) > 1) for score in found.scores])
    if found.left_out:
        print_table("left out", [{"candidate": name, "reason": why} for name, why in found.left_out.items()])


def _plain(score: Any) -> dict[str, Any]:
    """A score as machines know it: the middle of its intervals is called mean."""
    means = {
        name: {"mean": interval.value, "low": interval.low, "high": interval.high}
        for name, interval in (("knn", score.knn), ("logme", score.logme))
    }
    return asdict(score) | means


def _row(score: Any, best: Any, *, named: bool) -> dict[str, Any]:
    """Columns that fit a narrow terminal; a name that all rows share stands in the title."""
    from evaluation.selection.ranking import behind_best  # SciPy only where there is something to show

    return {
        **({"backbone": score.backbone} if named else {}),
        "px": score.size,
        "stage": score.stage,
        "features": score.dimensions,
        "k-NN": f"{score.knn.value:.3f}",
        "95% interval": f"{score.knn.low:.3f} to {score.knn.high:.3f}",
        "tie": "=" if behind_best(score, best).low <= 0 else "",
        "LogME": f"{score.logme.value:.3f}",
        "LEEP": "" if score.leep is None else f"{score.leep:.3f}",
    }
