"""Commands that run a flow."""

from dataclasses import replace
from functools import partial
from typing import Any

import click

from flows.cli.models.report import print_report
from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument, prepared_flow, run_flow
from flows.cli.shell.exits import OUTCOMES, Exit
from flows.cli.shell.tables import print_facts, print_lines, print_table
from flows.process.answered import answers_shown

recipe_option = click.option("--recipe", default="", help="Another recipe than the domain's, with its defaults.")


@answering()
@domain_argument
def prepare(domain: str) -> Answer:
    """Ingest, validate, preprocess and embed the data of DOMAIN."""
    found = run_flow(prepared_flow("prepare", "prepare"), domain)
    facts = {"dataset version": found.version, "folder": found.folder}
    left_out = {"left out": "; ".join(found.notices)} if found.notices else {}
    return Answer(found, lambda: print_facts(f"{domain} is prepared", facts | left_out))


@answering()
@domain_argument
@recipe_option
def train(domain: str, recipe: str) -> Answer:
    """Train a version of DOMAIN on its present data and register it as challenger."""
    found = run_flow(prepared_flow("train", "train"), domain, recipe)
    facts = {"version": found.version, "MLflow run": found.run_id}
    return Answer(found, lambda: print_facts(f"{domain} is trained", facts))


@answering(Exit.HOLD, Exit.REJECT)
@domain_argument
@click.argument("version", type=int)
def evaluate(domain: str, version: int) -> Answer:
    """Judge VERSION of DOMAIN against the champion on the present test split."""
    found = run_flow(prepared_flow("evaluate", "evaluate"), domain, version)
    return Answer(found.decision, partial(_decision, found.decision), OUTCOMES.get(found.decision.outcome, Exit.DONE))


@answering(Exit.HOLD, Exit.REJECT)
@domain_argument
@click.argument("version", type=int)
@click.option("--reason", default="", help="For the ledger; a version in quarantine returns only with one.")
def promote(domain: str, version: int, reason: str) -> Answer:
    """Put VERSION of DOMAIN into production if the gate let it pass."""
    return _promotion(run_flow(prepared_flow("promote", "promote"), domain, version, reason))


@answering(Exit.HOLD, Exit.REJECT)
@domain_argument
@click.option("--reason", default="asked for", help="For the ledger.")
@recipe_option
def retrain(domain: str, reason: str, recipe: str) -> Answer:
    """Renew the model of DOMAIN from its present data; promote it only on evidence.

    The answer is there before the stress test, which is only reported.
    """
    with answers_shown(_retrained) as shown:
        found = run_flow(prepared_flow("retrain", "retrain"), domain, reason, recipe)
    show = _stressed if shown else _retrained
    return replace(_promotion(found), show=partial(show, found))


@answering()
@domain_argument
@click.option("--to", type=int, help="Any registered version; default: the last one before that is not in quarantine.")
@click.option("--reason", required=True, help="For the ledger.")
def rollback(domain: str, to: int | None, reason: str) -> Answer:
    """Return DOMAIN to an earlier version; the one in production goes into quarantine."""
    return _promotion(run_flow(prepared_flow("rollback", "rollback"), domain, reason, to))


@answering(Exit.DIFFERS)
@domain_argument
@click.argument("version", type=int)
def reproduce(domain: str, version: int) -> Answer:
    """Restore the data of VERSION of DOMAIN, train again as then, and compare."""
    found = run_flow(prepared_flow("reproduce", "reproduce"), domain, version)
    rows = [
        {
            "metric": name,
            f"v{version}": f"{before:.6f}",
            "again": f"{again:.6f}",
            "difference": f"{abs(before - again):.1e}",
        }
        for name, (before, again) in found.metrics.items()
        if not name.endswith(("_low", "_high"))
    ]
    counts = ", ".join(f"{split} {count}" for split, count in found.samples.items())
    title = f"{domain} v{version} on data {found.dataset_version} ({counts})"
    value = {**vars(found), "largest_difference": found.largest_difference}
    return Answer(value, lambda: print_table(title, rows), Exit.DIFFERS if found.largest_difference else Exit.DONE)


def _promotion(found: Any) -> Answer:
    """What came of a promotion; a script can tell by the exit code what the gate held or rejected."""
    champion = "none" if found.champion is None else f"v{found.champion}"
    facts = {"outcome": found.outcome, "version": found.version, "champion": champion, "why": "; ".join(found.reasons)}
    return Answer(found, lambda: print_facts(found.domain, facts), OUTCOMES.get(found.outcome, Exit.DONE))


def _decision(decision: Any) -> None:
    rows = [
        {
            "floor": floor.name,
            "found": f"{floor.value:.4g}",
            "allowed": f"{floor.rule} {floor.limit:.4g}",
            "passed": floor.passed,
            "note": floor.note,
        }
        for floor in decision.floors
    ]
    print_table(f"{decision.outcome}: {'; '.join(decision.reasons)}", rows)
    print_lines([*decision.notes, decision.uses])


def _retrained(found: Any) -> None:
    """Prints how good a version is, and what came of it; of one that is reported elsewhere it says so in a line."""
    from flows.shown.report import report_version
    from settings.errors import RegraftError

    try:
        print_report(report_version(found.domain, found.version))
    except RegraftError as error:
        print_lines([f"no report: {error}"])
    _promotion(found).show()


def _stressed(found: Any) -> None:
    """Prints what the stress test came to, which ran after the rest was printed."""
    from flows.shown.report import stress_told

    if found.outcome != "UNCHANGED":
        print_lines([f"stress test of v{found.version}: {stress_told(found.domain, found.version)}"])
