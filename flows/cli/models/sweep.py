"""The command that compares recipes."""

from typing import Any

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument, listed, prepared_flow, run_flow
from flows.cli.shell.tables import print_table


@answering()
@domain_argument
@click.option(
    "--recipes", required=True, callback=listed, help="Which, with commas, such as linear_probe,partial,lp_ft."
)
@click.option("--seeds", type=click.IntRange(min=2), default=3, show_default=True, help="Fits of each recipe.")
@click.option("--scratch", is_flag=True, help="Include the same network without its pretrained weights.")
def sweep(domain: str, recipes: tuple[str, ...], seeds: int, scratch: bool) -> Answer:
    """Train several recipes of DOMAIN over several seeds and compare them on the validation split."""
    found = run_flow(prepared_flow("sweep", "sweep"), domain, recipes, seeds, scratch)
    title = f"{domain}: {found.metric} on the validation split, mean and 95% interval over {seeds} seeds"
    return Answer(found, lambda: print_table(title, [_row(one) for one in found.recipes]))


def _row(one: Any) -> dict[str, Any]:
    return {
        "recipe": one.recipe,
        "mean": f"{one.mean:.4f}",
        "95% interval": f"{one.low:.4f} to {one.high:.4f}",
        "seconds": f"{one.seconds:.1f}",
        "CKA": f"{one.cka:.3f}",
        "kept": "" if one.agreement is None else f"{one.agreement:.2f}",
        "note": one.note,
    }
