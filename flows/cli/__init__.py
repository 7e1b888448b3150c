"""The command line: `regraft COMMAND`. Commands are imported when they are called, so that help is quick."""

import importlib
import sys

import click

from flows.cli.shell.exits import Exit, write_exits
from settings.errors import RegraftError

COMMANDS = {
    "demo": ("project.demo", "The whole loop on real solar cells, told step by step."),
    "up": ("project.up", "Run the Prefect UI, the MLflow UI and the schedules until Ctrl-C."),
    "down": ("project.up", "End what `regraft up --detach` left running."),
    "ps": ("project.up", "The servers that run: memory, since when, whether each answers."),
    "logs": ("project.up", "What the servers wrote; --follow goes on."),
    "deployments": ("project.deployments", "Write what `prefect deploy` reads, for runs on a work pool."),
    "init": ("project.init", "Make a folder a project."),
    "new": ("project.new", "Write a domain for your own data."),
    "check": ("project.check", "Judge a domain's YAML and source without training."),
    "prepare": ("run", "Ingest, validate, preprocess and embed a domain's data."),
    "audit": ("data.audit", "Look for near-duplicates, wrong labels and planted samples."),
    "split": ("data.split", "Draw a fresh test set when the present one is spent."),
    "rank": ("models.rank", "Score backbones, stages and image sizes without training."),
    "sweep": ("models.sweep", "Compare recipes over several seeds."),
    "train": ("run", "Train a version on the present data and register it."),
    "evaluate": ("run", "Judge a version against the champion."),
    "promote": ("run", "Put a version that the gate let pass into production."),
    "retrain": ("run", "Prepare, train, evaluate and, on evidence, promote."),
    "monitor": ("monitor", "Check the champion's traffic, and start what should follow."),
    "alerts": ("alerts", "What the checks of all domains call for; acknowledge, mute, reset."),
    "rebaseline": ("data.rebaseline", "The present traffic is as it should be: later checks compare with it."),
    "rollback": ("run", "Return to an earlier version; the present one goes into quarantine."),
    "reproduce": ("run", "Restore a version's data, train again, compare."),
    "score": ("service.score", "Score files with the champion."),
    "serve": ("service.serve", "Answer requests with the champions of domains until Ctrl-C."),
    "canary": ("service.canary", "How a challenger that answers a share of requests stands; --stop ends it."),
    "keys": ("service.keys", "Keys for callers of the service: add, list, revoke."),
    "feedback": ("data.feedback", "File labels from production for the next retrain."),
    "forget": ("data.forget", "Erase samples on request, wherever they are kept."),
    "domains": ("show", "Every domain: what is in production, since when, what is scheduled."),
    "remove": ("project.remove", "Remove a domain; --dry-run says what would go and what would stay."),
    "status": ("show", "What is in production, and what it stands on."),
    "report": ("models.report", "How good a version is, class by class, and what it confuses."),
    "hand-over": ("models.hand_over", "A version with a short program for those who have no Regraft."),
    "ledger": ("models.ledger", "Every promotion and rollback; `ledger verify` checks the chain."),
    "backup": ("project.keep", "Copy the project's state into a folder, while it runs."),
    "restore": ("project.keep", "A project from its backup, in an empty folder or a clone."),
    "upgrade": ("project.keep", "Bring the databases to what this release needs."),
    "gc": ("project.tidy", "Delete what is needed no longer; --dry-run says what."),
    "clean": ("project.tidy", "Delete all that the project has made; a clone is left."),
    "doctor": ("show", "Check the installation; --fix repairs what can be repaired."),
}


class LazyGroup(click.Group):
    """Knows its commands by name and imports one only to run it or to show its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of a domain's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"flows.cli.{COMMANDS[name][0]}")
        command: click.Command = getattr(module, name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists names and sentences without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in COMMANDS.items()])
        write_exits(formatter, tuple(Exit))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="regraft")
def regraft() -> None:
    """Keeps fine-tuned models fresh."""


def main() -> None:
    """Runs the command line; a fault that a user can mend is one line on standard error and exit code 1 or 11."""
    try:
        regraft(standalone_mode=True)
    except RegraftError as error:
        from data.errors import LockedError  # which help need not

        click.echo(f"error: {error}", err=True)
        sys.exit(Exit.BUSY if isinstance(error, LockedError) else Exit.ERROR)
    except Exception as error:
        from flows.cli.shell.disk import full_disk  # settings, which help need not

        told = full_disk(error)
        if told is None:
            raise
        click.echo(f"error: {told}", err=True)
        sys.exit(Exit.ERROR)
