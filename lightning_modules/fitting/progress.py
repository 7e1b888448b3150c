"""How far a fit is, in two small files that the waiting flow reads without torch or Lightning."""

import json
from pathlib import Path

from data.stores.atomic import write_text


def write_caching(folder: Path, done: int, total: int) -> None:
    """Tells how many activations of the frozen stages are computed, in a file of its own until all are."""
    path = folder / "caching.json"
    if done < total:
        write_text(path, json.dumps({"done": done, "total": total}))
    else:
        path.unlink(missing_ok=True)


def read_state(folder: Path) -> tuple[int, int] | None:
    """What is done, of how much: activations while they are computed, epochs afterwards; None before either."""
    for name, keys in (("caching.json", ("done", "total")), ("progress.json", ("epoch", "epochs"))):
        try:
            state = json.loads((folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        return state[keys[0]], state[keys[1]]
    return None


def write_history(path: Path, epochs: int, history: list[dict[str, float]]) -> None:
    """Writes the metrics of every epoch so far; `epochs` is how many there may be."""
    write_text(path, json.dumps({"epoch": int(history[-1]["epoch"]), "epochs": epochs, "history": history}))


def read_history(path: Path) -> list[dict[str, float]]:
    """Metrics of every epoch so far; empty before the first."""
    return list(json.loads(path.read_text(encoding="utf-8"))["history"]) if path.exists() else []
