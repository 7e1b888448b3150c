"""The command that scores files."""

import csv
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument, prepared_flow, run_flow
from flows.cli.shell.exits import Exit
from flows.cli.shell.tables import print_facts, print_lines, print_table

if TYPE_CHECKING:
    from serving.log.schema import Prediction
    from serving.score.report import ScoreReport

FEW = 100


@answering(Exit.NOTHING_SCORED)
@domain_argument
@click.argument("files", nargs=-1, required=False)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV or Parquet with a row a file: path, class, a probability a class, error.",
)
@click.option("--no-log", is_flag=True, help="Do not count the files as traffic, such as images of your own data.")
@click.option("--stream", is_flag=True, help="Read a path a line and write a line of JSON for each as it is answered.")
def score(domain: str, files: tuple[str, ...], output: Path | None, no_log: bool, stream: bool) -> Answer:
    """Score FILES with DOMAIN's champion.

    FILES are images, folders of them, patterns such as 'in/*.png', tables with a column `path`, or `-` for a path a
    line on standard input.
    """
    if stream:
        if files or output:
            raise click.UsageError("--stream reads standard input and writes standard output; name no files or table")
        return _stream(domain, log=not no_log)
    if not files:
        raise click.UsageError("name what is to be scored, or - for standard input")
    table = str(output.resolve()) if output else ""
    with _few([_lasting(name) for name in files]) as names:
        found = run_flow(prepared_flow("score", "score"), domain, names, output=table, log=not no_log)
    return Answer(found, partial(_show, found, output), _code(found))


def _lasting(name: str) -> str:
    """A name that means the same from any folder; a link keeps its own name unless a way leads back out of it."""
    if name == "-" or "://" in name:
        return name
    path = Path(name)
    return str(path.resolve() if ".." in path.parts else path.absolute())


@contextmanager
def _few(names: Sequence[str]) -> Iterator[list[str]]:
    """The names, or where a shell has made many of a pattern one table of them: a flow's parameters are stored."""
    if len(names) <= FEW:
        yield list(names)
        return
    from serving.score.sources import require_there
    from settings.machine import load_settings

    require_there(names)
    scratch = load_settings().scratch
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        table = Path(folder, "files.csv")
        with table.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["path"], *([name] for name in names)])
        yield [str(table)]


def _stream(domain: str, *, log: bool) -> Answer:
    """Answers line by line, without a flow: it may run for days."""
    from flows.process.environment import prepare_environment

    prepare_environment()
    from serving.score.files import Destination, stream_files
    from serving.score.sources import lines_in
    from tasks.domain import load_domain
    from tasks.score import served

    config = load_domain(domain)
    found = served(config.name)
    package, to = found.load(), Destination(domain, log=log, abstain_below=config.serving.abstain_below)
    lines = (_lasting(line) for line in lines_in(sys.stdin))
    done = stream_files(package, found.version, lines, to=to, tell=partial(_tell, package.classes))
    return Answer(done, lambda: None, _code(done))


def _tell(classes: Sequence[str], row: "Prediction") -> None:
    """Writes one line, at once."""
    told: dict[str, object] = {"path": row.path, "id": row.id, "version": row.version}
    if row.probabilities is None:
        told["error"] = row.error
    else:
        shares = dict(zip(classes, row.probabilities.tolist(), strict=True))
        label = None if row.abstained else row.predicted
        told |= {"label": label, "abstained": row.abstained, "probabilities": shares}
    click.echo(json.dumps(told))  # which flushes


def _code(found: "ScoreReport") -> Exit:
    return Exit.NOTHING_SCORED if found.failed == found.samples else Exit.DONE


def _show(found: "ScoreReport", output: Path | None) -> None:
    files = "1 file" if found.samples == 1 else f"{found.samples} files"
    of_none = f", {found.abstained} of no class (serving.abstain_below)" if found.abstained else ""
    head = f"{found.domain} v{found.version}: {files}, {found.failed} failed{of_none}; of each class"
    print_facts(head, found.predicted)
    if found.failures:
        more = f", the first {len(found.failures)}" if found.failed > len(found.failures) else ""
        print_table(f"not scored{more}", [{"file": one.path, "reason": one.error} for one in found.failures])
    click.echo(f"table: {output}" if output else "", nl=bool(output))
    print_lines([_traffic(found.domain, found.logged)])


def _traffic(domain: str, logged: int) -> str:
    """What was counted, and what may start because of it."""
    if not logged:
        return "Nothing was counted as traffic (--no-log)."
    from tasks.domain import load_domain

    when = load_domain(domain).schedule.monitor
    due = f"by itself while `regraft up` runs ({when})" if when else f"when you run `regraft monitor {domain}`"
    started = "drift starts a retrain" if when else "drift starts a retrain where `regraft up` runs"
    counted = "1 file was" if logged == 1 else f"{logged} files were"
    return f"{counted} counted as traffic. It is checked for drift {due}; {started}."
