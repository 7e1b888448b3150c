"""Energy of a fit, estimated by codecarbon from the load of CPU, GPU and memory; nothing leaves the machine."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.stores.atomic import write_text

NAME = "energy.json"
SECONDS = 10  # between two readings of the load


@contextmanager
def energy_measured(folder: Path) -> Iterator[None]:
    """Adds the energy that the whole machine takes during the block to `folder`/energy.json.

    A block that raises or is interrupted adds what it took until then, and a fit that goes on adds to that. A process
    that is killed outright (SIGKILL, power cut) loses the stretch since it started.

    Raises:
        StorageError: the disk refused the write.
    """
    from codecarbon import OfflineEmissionsTracker

    logging.getLogger("codecarbon").setLevel(logging.CRITICAL)  # it speaks before it knows its own log_level
    # The country matters for emissions alone, which are not used: they depend on the grid, not on the fit.
    tracker = OfflineEmissionsTracker(
        country_iso_code="USA", measure_power_secs=SECONDS, save_to_file=False, save_to_api=False, log_level="critical",
        allow_multiple_runs=True,
    )  # fmt: skip
    tracker.start()
    try:
        yield
    finally:
        tracker.stop()
        _add(folder, _kilowatt_hours(tracker))


def read_energy(folder: Path) -> float | None:
    """Kilowatt hours of the fit in `folder`; None where nothing was measured."""
    path = folder / NAME
    return float(json.loads(path.read_text(encoding="utf-8"))["kilowatt_hours"]) if path.exists() else None


def _add(folder: Path, found: float | None) -> None:
    if found is not None:
        write_text(folder / NAME, json.dumps({"kilowatt_hours": found + (read_energy(folder) or 0.0)}))


def _kilowatt_hours(tracker: Any) -> float | None:
    """What a stopped tracker found; it swallows its own faults and has nothing then."""
    data = getattr(tracker, "final_emissions_data", None)
    return float(data.energy_consumed) if data is not None and data.energy_consumed > 0 else None
