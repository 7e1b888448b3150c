"""What MLflow shows of a domain's model, for those who only look.

Loading MLflow takes two seconds of CPU, which `regraft status` would spend on a few small tables. Where MLflow keeps
them in a database of its own they are read there; a server, or tables of another shape, are asked through its client.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from settings.machine import load_settings

TABLES = {
    "model": "select name from registered_models where name = :name",
    "tags": "select key, value from registered_model_tags where name = :name",
    "aliases": "select alias, version from registered_model_aliases where name = :name",
    # MLflow keeps the rows of deleted versions
    "versions": "select version from model_versions where name = :name and current_stage != 'Deleted_Internal' "
    "order by version",
    "version tags": "select version, key, value from model_version_tags where name = :name",
}


@dataclass(frozen=True)
class Shown:
    """A model's own tags, its aliases with their version, and the tags of every version by number; all may be empty."""

    tags: dict[str, str]
    aliases: dict[str, int]
    versions: dict[int, dict[str, str]]


def shown(domain: str) -> Shown:
    """What MLflow shows of a domain's model; nothing where it has none.

    Raises:
        RegistryError: MLflow is down.
    """
    rows = None if load_settings().tracking_uri.startswith("http") else _rows(domain)
    return _through_client(domain) if rows is None else _told(rows)


def _rows(domain: str) -> dict[str, list[Any]] | None:
    """The model's rows of each table; None: they cannot be read so, and MLflow's client will say why."""
    try:
        engine = create_engine(load_settings().tracking_uri, poolclass=NullPool)
        with engine.connect() as connection:
            return {name: [*connection.execute(text(query), {"name": domain})] for name, query in TABLES.items()}
    except (SQLAlchemyError, ImportError):
        return None


def _told(rows: dict[str, list[Any]]) -> Shown:
    versions: dict[int, dict[str, str]] = {int(row.version): {} for row in rows["versions"]}
    for row in rows["version tags"]:
        if row.version in versions:
            versions[row.version][row.key] = row.value
    tags, aliases = {row.key: row.value for row in rows["tags"]}, {row.alias: row.version for row in rows["aliases"]}
    return Shown(tags, aliases, versions) if rows["model"] else Shown({}, {}, {})


def _through_client(domain: str) -> Shown:
    from registry.store.client import mlflow_client, registry_errors

    with registry_errors(f"read the aliases of {domain!r}"):
        client = mlflow_client()
        models = client.search_registered_models(f"name = '{domain}'")
        found = client.search_model_versions(f"name = '{domain}'")
    versions = {int(one.version): dict(one.tags) for one in sorted(found, key=lambda one: int(one.version))}
    if not models:
        return Shown({}, {}, {})
    aliases = {alias: int(version) for alias, version in models[0].aliases.items()}
    return Shown(dict(models[0].tags), aliases, versions)
