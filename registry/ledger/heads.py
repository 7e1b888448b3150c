"""The last row of each domain's ledger, kept outside its database, too, so that rows cannot be cut off unseen.

A file of the project keeps it, and a tag of the registered model in MLflow: whoever empties both databases has begun
nothing anew.
"""

from collections.abc import Sequence
from pathlib import Path

from data.stores.atomic import write_text
from registry.errors import LedgerError
from registry.ledger.history import Entry
from registry.ledger.ledger import Ledger, Verification
from registry.ledger.sql.database import hidden
from settings.machine import load_settings

TAG = "ledger_head"  # of the registered model


def head_of(entry: Entry) -> str:
    """Sequence and hash of a row, as the places outside keep them."""
    return f"{entry.sequence} {entry.hash}"


def head_path(domain: str) -> Path:
    """The project's file that keeps the head of a domain."""
    return load_settings().home / "heads" / domain


def kept_head(domain: str) -> str:
    """What that file keeps; empty: nothing yet."""
    path = head_path(domain)
    return path.read_text(encoding="utf-8") if path.exists() else ""


def verify_kept(ledger: Ledger, domain: str) -> Verification:
    """Walks a domain's chain, in which the row that the project keeps must be."""
    return ledger.verify(domain, kept_head(domain).rpartition(" ")[2])


def verify_all(ledger: Ledger) -> list[Verification]:
    """Walks the chain of every domain that the ledger knows, or the project keeps a head of."""
    kept = {path.name for path in head_path("").glob("[!.]*")}
    return [verify_kept(ledger, name) for name in sorted({*ledger.domains(), *kept})]


def keep_head(domain: str, entries: Sequence[Entry]) -> None:
    """Keeps the last row's head in the project, unless it is there already.

    A process that dies before leaves an older row's, which the ledger has as well.

    Raises:
        StorageError: the disk refused the write.
    """
    if entries and kept_head(domain) != head_of(entries[-1]):
        write_text(head_path(domain), head_of(entries[-1]))


def refuse_shortened(domain: str, entries: Sequence[Entry], tagged: str) -> None:
    """Raises LedgerError where the ledger lacks a row that was seen before; `tagged` is what MLflow keeps."""
    kept, path = kept_head(domain), head_path(domain)
    _refuse(domain, entries, tagged, "MLflow", f"delete the tag {TAG} of the registered model in MLflow")
    _refuse(domain, entries, kept, str(path), f"delete {path}")


def _refuse(domain: str, entries: Sequence[Entry], head: str, place: str, way: str) -> None:
    if not head or head in map(head_of, entries):
        return
    found = f"row {head.split(maxsplit=1)[0]} of {domain!r}, of which {place} keeps the hash, is not in it"
    remedy = "it was emptied, shortened or replaced: restore it from a backup"
    raise LedgerError(
        f"ledger {hidden(load_settings().ledger)}: {found}; {remedy}, or, where its loss is accepted, {way}"
    )
