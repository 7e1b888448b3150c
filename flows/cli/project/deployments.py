"""The command that writes what `prefect deploy` reads."""

from pathlib import Path

import click

from flows.cli.shell.answer import Answer, answering


@answering()
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; else it is printed.")
@click.option("--pool", default="regraft", show_default=True, help="Work pool whose workers take up the runs.")
@click.option("--git", "cloned", is_flag=True, help="Each run clones the project from $REGRAFT_GIT_URL.")
@click.option("--identity", default="", help="What stands for the project's own, such as '{{ $REGRAFT_IDENTITY }}'.")
def deployments(output: Path | None, pool: str, cloned: bool, identity: str) -> Answer:
    """Write what `prefect deploy --all` reads: the flows of all domains with parameters, schedules and limits.

    They are the deployments that `regraft up` serves, and rollback and score besides, for workers of a pool.
    Names depend on the server: set PREFECT_API_URL to the one that will be told.
    """
    from flows.process.environment import prepare_environment

    settings = prepare_environment()
    from data.stores.atomic import write_text
    from flows.project.deployments import written_deployments

    text, names = written_deployments(settings.root, pool, cloned, identity)
    if output is None:
        return Answer({"deployments": names, "prefect_file": text}, lambda: click.echo(text, nl=False))
    write_text(output, text)
    told = [
        f"written: {output} with {len(names)} deployments",
        f"next: prefect --no-prompt deploy --all --prefect-file {output}",
    ]
    return Answer({"deployments": names, "written": output}, lambda: click.echo("\n".join(told)))
