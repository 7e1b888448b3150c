"""The demo: the whole loop on ELPV's solar cells. It shows what happens; nothing in it decides what happens.

Every step may be run again: what is done already is recognised by its content. Once the late labels are filed, the
first retrain of another run reads them, too.
"""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from prefect import flow
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from data.stages.feedback import add_feedback
from data.stages.report import load_validation, report_page
from data.stores.manifest import validated_folder
from flows.demo.data import mixed_cells, plant_bad_files, shuffle_labels, write_poly_labels
from flows.demo.service import Callers, Service, served
from flows.evaluate import evaluate_version
from flows.monitor import monitor
from flows.prepare import prepare_data
from flows.retrain import retrain
from flows.rollback import rollback
from flows.score import score
from flows.train import train_version
from registry.ledger.leases import domain_lease
from registry.store.verdicts import Verdict
from settings.machine import load_settings
from tasks.domain import Domain, load_domain
from tasks.judging.promote import Promotion
from tasks.watch.report import MonitorReport

DOMAIN = "solar"
ASKED = 200  # cells, as many as a check looks at
console = Console()


class Story:
    """Steps with what came of them and how long they took."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, float]] = []

    def step(self, title: str, run: Callable[[], Any], told: Callable[[Any], str]) -> Any:
        """Runs one step and prints its outcome."""
        console.print(f"\n[bold]{len(self.rows) + 1}. {title}[/bold]")
        started = time.monotonic()
        found = run()
        self.rows.append((title, told(found), time.monotonic() - started))
        console.print(f"   {self.rows[-1][1]}  [dim]({self.rows[-1][2]:.0f} s)[/dim]")
        return found

    def table(self) -> Table:
        """All steps."""
        table = Table("step", "what happened", "seconds", title="What happened", title_justify="left")
        for title, told, seconds in self.rows:
            table.add_row(title, told, f"{seconds:.0f}")
        table.add_row("all of it", "", f"{sum(row[2] for row in self.rows):.0f}", style="bold")
        return table


def tell() -> list[dict[str, Any]]:
    """Runs the demo from ingest to the service; returns each step with its outcome and seconds."""
    config, story = load_domain(DOMAIN), Story()
    workshop = config.home / "demo"
    console.print(
        Panel(
            f"{config.description}\nReal cells, real ImageNet weights; every decision is the gate's own.",
            title="regraft demo",
        )
    )
    story.step(
        "Three bad files are planted beside the data",
        lambda: _plant(config, workshop),
        lambda path: f"filed as {path.name}",
    )
    first = story.step("First retrain, monocrystalline cells only", lambda: retrain(DOMAIN, "first model"), _told)
    story.step("What validation put in quarantine", lambda: load_validation(config.root, DOMAIN), _told_quarantine)
    story.step(
        "Production shifts: polycrystalline cells are scored",
        lambda: score(DOMAIN, [str(write_poly_labels(workshop / "poly.csv"))]),
        _told_scores,
    )
    story.step("Monitor looks at the traffic", lambda: monitor(DOMAIN), _told_check)
    story.step("The new cells' labels arrive", lambda: _label(config, workshop), lambda path: f"filed as {path.name}")
    second = story.step("Retrain with them; only new files are read", lambda: retrain(DOMAIN, "drift"), _told)
    story.step("A sabotaged challenger, trained on shuffled labels", lambda: sabotage(DOMAIN), _told_verdict)
    _serve(story, first, second)
    console.print("\n", story.table())
    return [dict(zip(("step", "outcome", "seconds"), row, strict=True)) for row in story.rows]


@flow(name="sabotage", flow_run_name="sabotage {domain}")
def sabotage(domain: str) -> Verdict:
    """Trains on shuffled labels and sends the result to the gate: a gate that never rejects proves nothing."""
    config = load_domain(domain)
    with domain_lease(domain, "sabotage"):
        plan = prepare_data(config)
        candidate = train_version(shuffle_labels(plan, config.home / "demo" / "shuffled"))
        return evaluate_version(plan, candidate.version)


def _plant(config: Domain, workshop: Path) -> Path:
    return add_feedback(config.root, DOMAIN, plant_bad_files(workshop / "planted"), config.data).path


def _label(config: Domain, workshop: Path) -> Path:
    return add_feedback(config.root, DOMAIN, write_poly_labels(workshop / "poly.csv"), config.data).path


def _serve(story: Story, first: Promotion, second: Promotion) -> None:
    """The champion answers requests, while versions take each other's place, too; what it answered is looked at."""
    cells = mixed_cells(ASKED)
    with served(DOMAIN, second.champion or first.version) as service:
        with Callers(service, cells) as callers:
            _change_back(story, first, second, service)
        story.step("What callers of `regraft serve` saw of it", lambda: callers, _told_callers)
        story.step(f"{ASKED} cells in one request", lambda: service.ask(cells), _told_answers)
    story.step("Monitor looks at what it answered", lambda: monitor(DOMAIN), _told_check)


def _change_back(story: Story, first: Promotion, second: Promotion, service: Service) -> None:
    """Back and forward again, if there is a version to go back to; the service follows."""
    if first.champion == second.champion:
        return
    for title, wish, found in (
        ("The operator rolls back to", "demo: operator's wish", first),
        ("and forward again to", "demo: all is well", second),
    ):
        version = found.champion or found.version
        story.step(f"{title} v{version}", partial(rollback, DOMAIN, wish, version), _told)
        service.await_version(version)


def _told(found: Promotion) -> str:
    return f"{found.outcome} v{found.version}: {'; '.join(found.reasons)}; in production: v{found.champion}"


def _told_verdict(found: Verdict) -> str:
    return f"{found.decision.outcome} v{found.version}: {'; '.join(found.decision.reasons)}"


def _told_quarantine(found: Any) -> str:
    bad = [f"{Path(path).name}: {reason}" for path, reason in found.quarantine.items()]
    return f"{found.accepted} of {found.total} rows accepted\n   " + "\n   ".join(bad)


def _told_scores(found: Any) -> str:
    return f"{found.samples} cells by v{found.version}: " + ", ".join(
        f"{count} {name}" for name, count in found.predicted.items()
    )


def _told_check(found: MonitorReport) -> str:
    return f"{found.outcome}: {found.reason}"


def _told_callers(found: Callers) -> str:
    by_version = ", ".join(f"{count} by v{version}" for version, count in sorted(found.answers.items()))
    return f"{found.answers.total()} answers, {found.failed} requests failed: {by_version or 'nothing was asked'}"


def _told_answers(found: list[dict[str, Any]]) -> str:
    labels, versions = Counter(str(one.get("label")) for one in found), {one["version"] for one in found}
    return f"{', '.join(f'{count} {label}' for label, count in labels.items())} by v{', v'.join(map(str, versions))}"


def where_to_look() -> Panel:
    """What of the demo to look at, and how."""
    config, settings = load_domain(DOMAIN), load_settings()
    reports = config.home / "reports" / DOMAIN
    return Panel(
        f"regraft up                    both UIs, at ports {settings.prefect_port} and {settings.mlflow_port}, "
        f"and the model at {settings.serving.port}\n"
        f"regraft status {DOMAIN}          what is in production\n"
        f"regraft reproduce {DOMAIN} 1     the first version made again\n"
        f"{report_page(config.root, DOMAIN)}    validation report\n"
        f"{reports / 'drift.html'}         Evidently report\n"
        f"{validated_folder(config.root, DOMAIN)}    accepted and quarantined rows\n"
        "Figures (confusion matrix, reliability, worst errors, drift) lie with their runs in MLflow.",
        title="Where to look",
    )
