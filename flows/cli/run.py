"""Commands that run a flow."""

import sys
from pathlib import Path
from typing import Any

import click

from flows.cli.console import json_option, prepared_flow, print_facts, print_json, print_table, run_flow
from flows.cli.report import print_report

domain_argument = click.argument("domain")
recipe_option = click.option("--recipe", default="", help="Another recipe than the domain's, with its defaults.")


@click.command()
@domain_argument
def prepare(domain: str) -> None:
    """Ingest, validate, preprocess and embed the data of DOMAIN."""
    found = run_flow(prepared_flow("prepare", "prepare"), domain)
    print_facts(f"{domain} is prepared", {"dataset version": found.version, "folder": found.folder})


@click.command()
@domain_argument
@recipe_option
def train(domain: str, recipe: str) -> None:
    """Train a version of DOMAIN on its present data and register it as challenger."""
    found = run_flow(prepared_flow("train", "train"), domain, recipe)
    print_facts(f"{domain} is trained", {"version": found.version, "MLflow run": found.run_id})


@click.command()
@domain_argument
@click.argument("version", type=int)
@json_option
def evaluate(domain: str, version: int, as_json: bool) -> None:
    """Judge VERSION of DOMAIN against the champion on the present test split."""
    found = run_flow(prepared_flow("evaluate", "evaluate"), domain, version)
    if as_json:
        print_json(found.decision)
        return
    decision = found.decision
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
    click.echo("\n".join([*decision.notes, decision.uses]))


@click.command()
@domain_argument
@click.argument("version", type=int)
@click.option("--reason", default="", help="For the ledger; a version in quarantine returns only with one.")
def promote(domain: str, version: int, reason: str) -> None:
    """Put VERSION of DOMAIN into production if the gate let it pass."""
    _show(run_flow(prepared_flow("promote", "promote"), domain, version, reason))


@click.command()
@domain_argument
@click.option("--reason", default="asked for", help="For the ledger.")
@recipe_option
@json_option
def retrain(domain: str, reason: str, recipe: str, as_json: bool) -> None:
    """Renew the model of DOMAIN from its present data; promote it only on evidence."""
    found = run_flow(prepared_flow("retrain", "retrain"), domain, reason, recipe)
    if not as_json:
        _show_quality(domain, found.version)
    _show(found, as_json=as_json)


@click.command()
@domain_argument
@json_option
def monitor(domain: str, as_json: bool) -> None:
    """Compare the newest traffic of DOMAIN's champion with what it was trained on."""
    found = run_flow(prepared_flow("monitor", "monitor"), domain)
    if as_json:
        print_json(found)
        return
    statistics = {name: f"{value:.4f}" for name, value in found.statistics.items()}
    facts = {
        "decision": found.action,
        "reason": found.reason,
        "samples": found.samples,
        **statistics,
        "page": found.page,
    }
    print_facts(f"{domain} v{found.version}", facts)
    if found.action == "retrain":
        click.echo(f"`regraft up`, where it runs, starts a retrain now; by hand: regraft retrain {domain}")


@click.command()
@domain_argument
@click.option("--to", type=int, help="Any registered version; default: the last one before that is not in quarantine.")
@click.option("--reason", required=True, help="For the ledger.")
def rollback(domain: str, to: int | None, reason: str) -> None:
    """Return DOMAIN to an earlier version; the one in production goes into quarantine."""
    _show(run_flow(prepared_flow("rollback", "rollback"), domain, reason, to))


@click.command()
@domain_argument
@click.argument("version", type=int)
@json_option
def reproduce(domain: str, version: int, as_json: bool) -> None:
    """Restore the data of VERSION of DOMAIN, train again as then, and compare."""
    found = run_flow(prepared_flow("reproduce", "reproduce"), domain, version)
    if as_json:
        print_json({**vars(found), "largest_difference": found.largest_difference})
        sys.exit(0 if found.largest_difference == 0 else 2)
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
    print_table(f"{domain} v{version} on data {found.dataset_version}, {found.samples}", rows)
    sys.exit(0 if found.largest_difference == 0 else 2)


@click.command()
@domain_argument
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV with a row a file: path, class, a probability a class, error.",
)
@click.option("--no-log", is_flag=True, help="Do not count the files as traffic, such as images of your own data.")
@json_option
def score(domain: str, files: tuple[Path, ...], output: Path | None, no_log: bool, as_json: bool) -> None:
    """Score FILES (images, or folders of them) with DOMAIN's champion."""
    paths = [str(path.resolve()) for path in files]
    table = str(output.resolve()) if output else ""
    found = run_flow(prepared_flow("score", "score"), domain, paths, output=table, log=not no_log)
    if as_json:
        failures = [vars(one) for one in found.failures]
        print_json({**vars(found), "slices": found.slices.to_dict("records"), "failures": failures})
        return
    files_told = "1 file" if found.samples == 1 else f"{found.samples} files"
    print_facts(f"{domain} v{found.version}: {files_told}, {len(found.failures)} failed", found.predicted)
    if found.failures:
        print_table("not scored", [{"file": one.path, "reason": one.error} for one in found.failures])
    click.echo("\n".join([*([f"table: {output}"] if output else []), _traffic(domain, found.logged)]))


@click.command()
@domain_argument
@click.argument("table", type=click.Path(path_type=Path))
def feedback(domain: str, table: Path) -> None:
    """File TABLE (CSV of path,label and, where they exist, group, weight and slices) as labels for DOMAIN."""
    from data.stages.feedback import add_feedback
    from tasks.domain import load_domain

    print_facts(f"{domain}: labels filed", {"table": add_feedback(load_domain(domain).root, domain, table)})


def _traffic(domain: str, logged: int) -> str:
    """What was counted, and what may start because of it."""
    if not logged:
        return "Nothing was counted as traffic (--no-log)."
    from tasks.domain import load_domain

    when = load_domain(domain).schedule.monitor
    due = f"by itself while `regraft up` runs ({when})" if when else f"when you run `regraft monitor {domain}`"
    return f"{logged} files were counted as traffic. It is checked for drift {due}; drift starts a retrain."


def _show_quality(domain: str, version: int) -> None:
    """Prints how good a version is; where nothing is stored of it, such as on another machine, it says so in a line."""
    from flows.report import report_version
    from settings.errors import RegraftError

    try:
        print_report(report_version(domain, version))
    except RegraftError as error:
        click.echo(f"no report: {error}")


def _show(found: Any, *, as_json: bool = False) -> None:
    """Prints what came of a promotion; exits with 2 where the gate held or rejected, so that scripts can tell."""
    print_json(found) if as_json else _table(found)
    if found.outcome in {"HOLD", "REJECT"}:
        sys.exit(2)


def _table(found: Any) -> None:
    champion = "none" if found.champion is None else f"v{found.champion}"
    facts = {"outcome": found.outcome, "version": found.version, "champion": champion, "why": "; ".join(found.reasons)}
    print_facts(found.domain, facts)
