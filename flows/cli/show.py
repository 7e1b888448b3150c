"""Commands that only look."""

from typing import TYPE_CHECKING, Any

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument
from flows.cli.shell.exits import Exit
from flows.cli.shell.tables import print_facts, print_lines, print_table

if TYPE_CHECKING:
    from flows.shown.domains import Listed
    from flows.shown.status import Status

SHOWN = 8


@answering()
@domain_argument
def status(domain: str) -> Answer:
    """What of DOMAIN is in production, and what it stands on."""
    from flows.process.environment import prepare_environment

    prepare_environment()
    from flows.shown.status import domain_status

    found = domain_status(domain)
    return Answer(found, lambda: _status(found))


@answering()
def domains() -> Answer:
    """Every domain of the project: what is in production, since when, and what is scheduled."""
    from flows.shown.domains import list_domains

    found = list_domains()
    return Answer(found, lambda: _domains(found))


@answering()
@click.option("--fix", is_flag=True, help="Repair what can be repaired.")
def doctor(fix: bool) -> Answer:
    """Check installation, weights, databases, aliases and data."""
    from flows.process.environment import prepare_environment

    prepare_environment()
    from flows.shown.doctor import examine

    found = examine(fix=fix)
    return Answer(found, lambda: _findings(found), Exit.DONE if all(one.ok for one in found) else Exit.ERROR)


def _status(found: "Status") -> None:
    """What needs a person stands below, where a command or an address can be copied."""
    print_facts(found.domain, _page(found))
    needs = [f"- {_minute(one['since'])}: {one['text']}; {one['remedy']}" for one in found.notices]
    print_lines(["needs you:", *needs] if needs else ["needs you: nothing"])


def _page(found: "Status") -> dict[str, str]:
    """A status in a person's words."""
    since, facts, tests, check = found.since, found.champion_facts, found.test_set, found.last_check
    told = [f"{key} {facts[key]}" for key in ("recipe", "backbone") if key in facts]
    scores = [f"{key} {value}" for key, value in facts.items() if "(" in value]
    versions = [f"v{number} {decision}" for number, decision in sorted(found.versions.items(), reverse=True)]
    plans = [f"{key} {found.schedule[key] or 'never'}" for key in ("retrain", "monitor")]
    return {
        "in production": f"v{found.champion}" if found.champion else f"nothing; run `regraft retrain {found.domain}`",
        "since": f"{_minute(since['time'])}, by {since['actor']}: {since['reason']}" if since else "-",
        "it is": facts.get("fault") or "; ".join([*scores, ", ".join(told)]).strip("; ") or "-",
        "rollback goes to": f"v{found.previous}" if found.previous else "nothing: there is no earlier version",
        "versions": ", ".join(versions[:SHOWN]) + (", …" if len(versions) > SHOWN else "") or "none",
        "quarantine": "\n".join(f"v{number}: {why}" for number, why in found.quarantine.items()) or "none",
        "data": found.dataset_version or "not prepared yet",
        "test set": f"used {tests['uses']} times; {tests['comparisons']} of {tests['comparisons allowed']} comparisons",
        "last check": f"{check['outcome']}, {_minute(check['time'])}" if check else "none yet",
        "the check": (check or {}).get("trial") or "not tried yet",
        "schedule": f"{', '.join(plans)} ({found.schedule['timezone']})",
        "running": found.running or "nothing",
    }


def _minute(time: str) -> str:
    return f"{time[:16].replace('T', ' ')} UTC"


def _domains(found: "list[Listed]") -> None:
    """What would fill a column of its own, such as what is wrong with a file, stands below."""
    print_table("domains", [_line(one) for one in found])
    print_lines(f"{one.name}: {one.fault}" for one in found if one.fault)
    print_lines(f"{one.name} needs you: regraft status {one.name}" for one in found if one.open)


def _line(one: "Listed") -> dict[str, str]:
    return {
        "domain": one.name,
        "in production": f"v{one.champion}" if one.champion else "-",
        "since": _minute(one.since) if one.since else "-",
        "retrain": one.retrain or "-",
        "monitor": one.monitor or "-",
        "running": one.running.partition(" ")[0] or "-",
    }


def _findings(found: list[Any]) -> None:
    rows = [{"check": one.check, "": "ok" if one.ok else "FAULT", "found": one.found} for one in found]
    print_table("doctor", rows)
