"""The command that answers requests."""

import click

from flows.cli.console import domains_like


@click.command()
@click.argument("domains", nargs=-1, required=True, shell_complete=domains_like)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port on 127.0.0.1.")
def serve(domains: tuple[str, ...], port: int) -> None:
    """Answer requests with the champions of DOMAINS until Ctrl-C; a promotion or rollback is followed by itself.

    It listens on 127.0.0.1 alone, as it knows no keys yet: put a proxy that asks for one before it.
    """
    from flows.environment import prepare_environment

    settings = prepare_environment()
    import uvicorn

    from serving.http.app import create_app
    from tasks.domain import load_domain

    for name in domains:
        load_domain(name)
    app = create_app(domains, settings)
    click.echo(f"http://127.0.0.1:{port}/v1/{domains[0]}/predict answers once http://127.0.0.1:{port}/readyz says so")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", server_header=False)
