"""The command that answers requests."""

import logging
from functools import partial
from pathlib import Path

import click

from flows.cli.shell.console import domains_like

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("domains", nargs=-1, shell_complete=domains_like)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need keys.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port; default: REGRAFT_SERVING__PORT, or 8000.")
@click.option("--tls-cert", type=FILE, help="PEM file of the certificate, with its chain.")
@click.option("--tls-key", type=FILE, help="PEM file of its private key.")
def serve(domains: tuple[str, ...], host: str, port: int | None, tls_cert: Path | None, tls_key: Path | None) -> None:
    """Answer requests with the champions of DOMAINS until Ctrl-C; a promotion or rollback is followed by itself.

    Without DOMAINS all of the project are served, new ones as soon as they are there.

    With keys (`regraft keys add`) every caller needs one; without, it listens on this machine alone.
    """
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together; give both or none")
    from flows.process.environment import prepare_environment

    settings = prepare_environment()
    port = port or settings.serving.port
    if not port:
        raise click.UsageError("REGRAFT_SERVING__PORT is 0, by which nothing is served; name a port with --port")
    from serving.access.exposure import is_local
    from serving.http.app import create_app
    from serving.http.server import config_of, run
    from tasks.domain import domain_names, load_domain

    for name in domains:
        load_domain(name)
    present = None if domains else partial(domain_names, settings.root)
    app = create_app(domains or domain_names(settings.root), settings, host, present)
    tls = (tls_cert, tls_key) if tls_cert and tls_key else None
    config = config_of(app, host, port, tls)
    address = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
    click.echo(f"{address}/v1/{domains[0] if domains else 'DOMAIN'}/predict answers once {address}/readyz says so")
    if not (tls or is_local(host)):
        click.echo(
            "keys and samples travel readable: give --tls-cert and --tls-key, or put a proxy before it", err=True
        )
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    run(config)
