"""The command that runs the servers."""

import sys

import click


@click.command()
def up() -> None:
    """Run the Prefect UI, the MLflow UI and the schedules of all domains until Ctrl-C."""
    from flows.process.environment import prepare_environment

    settings = prepare_environment()
    from flows.scheduler.up import up as run_servers

    sys.exit(run_servers(settings))
