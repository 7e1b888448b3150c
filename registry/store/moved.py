"""Where MLflow's database says that files lie: absolute addresses, to be set right once a project lies elsewhere."""

from pathlib import Path

from sqlalchemy import inspect

from registry.ledger.sql.copies import once, run_sql
from registry.ledger.sql.database import database_errors

# Every column of MLflow's tables that holds the address of a folder of files.
COLUMNS = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}


def move_addresses(url: str, before: Path, after: Path) -> None:
    """Lets every address at or below the folder `before` lead to the same place below `after`; others stay.

    Addresses are file URIs, or bare paths as early releases of MLflow wrote them.

    Raises:
        LedgerError: the database of that URL cannot be reached.
    """
    forms = {str(before): str(after), before.as_uri(): after.as_uri()}
    statements: dict[str, dict[str, str]] = {}
    for table, column in _columns(url):
        for number, (old, new) in enumerate(forms.items()):
            names = {"old": f"old_{number}", "new": f"new_{number}"}
            statement = _moving(table, column, **names)
            statements[statement] = {names["old"]: old, names["new"]: new}
    run_sql(url, statements)


def _moving(table: str, column: str, old: str, new: str) -> str:
    """No LIKE: a folder's name may hold its wildcards."""
    tail = f"substr({column}, length(:{old}) + 1)"
    below = f"substr({column}, 1, length(:{old})) = :{old} and ({tail} = '' or substr({tail}, 1, 1) = '/')"
    return f"update {table} set {column} = :{new} || {tail} where {below}"  # noqa: S608  -- names are our own


def _columns(url: str) -> list[tuple[str, str]]:
    """The columns that there are; tables of another release may lack some."""
    with database_errors(url):
        found = inspect(once(url))
        there = {table: {one["name"] for one in found.get_columns(table)} for table in found.get_table_names()}
    return [(table, name) for table, names in COLUMNS.items() for name in names if name in there.get(table, set())]
