"""What a check of 10,000 rows with 1,280 numbers each costs, beside Evidently's embedding drift."""

from time import perf_counter

import numpy as np
import pandas as pd

from bench.measure import Cell, Record
from bench.report import NOT_RUN, Results, decimals, table

ROWS, DIMENSIONS, CLASSES = 10_000, 1280, 10
SIDES = {"regraft": "Regraft, both signals", "evidently": "Evidently's embedding drift"}


def checked(side: str) -> Record:
    """Seconds of one check without drift, and by how much it raised the peak of the memory."""
    known, seen = _rows(0), _rows(1)
    before = _peak()
    begun = perf_counter()
    (_regraft if side == "regraft" else _evidently)(known, seen)
    return {"seconds": perf_counter() - begun, "more_mb": _peak() - before}


def _rows(seed: int) -> pd.DataFrame:
    """Rows with directions of falling spread, as embeddings have them; single rows."""
    random = np.random.default_rng(seed)
    spread = 1 / np.sqrt(1 + np.arange(DIMENSIONS))
    said = random.dirichlet(np.full(CLASSES, 0.3), ROWS).astype(np.float32)
    embeddings = (random.normal(size=(ROWS, DIMENSIONS)) * spread).astype(np.float32)
    names = [f"{seed}-{row}" for row in range(ROWS)]
    columns = {"probabilities": list(said), "embedding": list(embeddings)}
    return pd.DataFrame({"group": names, "hash": names, "split": "val", "error": None, **columns})


def _regraft(known: pd.DataFrame, seen: pd.DataFrame) -> None:
    from monitoring.config import MonitoringConfig
    from monitoring.drift import measure_drift
    from monitoring.reference import Reference
    from monitoring.windows import Window

    measure_drift(Reference(known, "", ()), Window(seen), MonitoringConfig(window=ROWS))


def _evidently(known: pd.DataFrame, seen: pd.DataFrame) -> None:
    from bench.monitoring.rivals import evidently_embedding

    evidently_embedding()(*(np.stack([*side["embedding"]]) for side in (known, seen)))


def _peak() -> float:
    """Most memory of this process so far, MB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def size_cells() -> list[Cell]:
    """Both sides."""
    return [Cell("power", f"size/{side}", "bench.monitoring.size:checked", {"side": side}, 2) for side in SIDES]


def size_section(results: Results) -> str:
    """The table."""
    head = ("a check of 10,000 x 1,280", "seconds", "peak MB", "of these for the check")
    return table(head, [_row(name, results.get(f"size/{side}")) for side, name in SIDES.items()])


def _row(name: str, record: Record | None) -> tuple[str, ...]:
    if record is None:
        return name, NOT_RUN, NOT_RUN, NOT_RUN
    values = record["values"]
    return name, decimals(values["seconds"]), decimals(record["peak_mb"]), decimals(values["more_mb"])
