"""The tasks that erase samples on request, and say what cannot be changed any more."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prefect import task

from data.errors import StorageError
from data.stages.forget import Samples, erase_data, still_there
from data.stages.forget import find_samples as find
from data.stores.versions.erasing import erase_versions
from evaluation.predictions.storage import drop_predictions
from registry.store.production import traces_of
from serving.feedback.labels import erase_labels
from serving.log.erasure import erase, find_traces
from serving.log.inputs import erase_inputs
from tasks.domain import Domain
from tasks.feedback import inputs_folder
from tasks.policy import IO


@dataclass(frozen=True)
class Forgotten:
    """What became of samples: how many were named, log rows erased, versions that cannot be restored, what remains."""

    domain: str
    samples: int
    predictions: int
    dataset_versions: tuple[str, ...]
    remains: tuple[str, ...]


@task(name="find samples", task_run_name="find what {domain.name} is to forget", **IO)
def find_samples(domain: Domain, hashes: Sequence[str], keys: Sequence[str]) -> Samples:
    """The samples that were asked for by hash, path or group, or as callers of the service named them."""
    seen = {each: find_traces(domain.name, {each}, {each}) for each in (*hashes, *keys)}
    return find(
        domain.root, domain.name, hashes, keys, {each: found.hashes for each, found in seen.items() if found.ids}
    )


@task(name="erase data", task_run_name="erase from the data of {domain.name}", **IO)
def erase_samples(domain: Domain, samples: Samples) -> None:
    """Takes them out of the data; the stages that follow make the rest anew."""
    erase_data(domain.root, domain.name, samples, domain.home)


@task(name="erase records", task_run_name="erase from the records of {domain.name}", **IO)
def erase_records(domain: Domain, samples: Samples) -> Forgotten:
    """Takes them out of old dataset versions, predictions and labels, and pages and files that are made anew anyhow.

    The labels go first, for it is the log that says which are theirs.
    """
    versions, unreached = erase_versions(domain.root, samples.hashes)
    erase_labels(domain.name, find_traces(domain.name, samples.hashes, samples.keys).references | samples.hashes)
    erase_inputs(domain.name, samples.hashes)
    for digest in samples.hashes:
        (inputs_folder(domain.name) / digest).unlink(missing_ok=True)
    rows = erase(domain.name, samples.hashes, samples.keys)
    for room in ("reports", "fits", "sweeps"):
        _delete(domain.home / room / domain.name)
    judged = drop_predictions(domain.home, domain.name, samples.hashes)
    remains = _remains(domain, samples, unreached, judged)
    _delete(domain.home / "packages" / domain.name)  # copies of what MLflow holds, which come anew when they are needed
    return Forgotten(domain.name, len(samples.hashes), rows, tuple(versions), remains)


def _delete(folder: Path) -> None:
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise StorageError(f"{folder} cannot be erased: {error.strerror}; mend its rights and forget again") from error


def _remains(domain: Domain, samples: Samples, unreached: Sequence[str], judged: Sequence[int]) -> tuple[str, ...]:
    """What a person has to do or to know."""
    there = still_there(domain.root, domain.name, domain.data, samples)
    traces = traces_of(domain.name, samples.hashes)
    learned = traces.learned
    told = {
        f"the source's own files, which Regraft never touches: {', '.join(there)}": there,
        f"versions that learned from them, weights and all: {_versions(learned)}; retrain, then "
        "delete them in MLflow": learned,
        f"the samples themselves, in the packages of {_versions(traces.holding)} (golden.zip) and wherever these were "
        "handed over: delete these versions in MLflow, then their runs": traces.holding,
        f"pictures in MLflow's runs of {_versions({*learned, *judged})}": [*learned, *judged],
        f"DVC remotes out of reach: {', '.join(unreached)}; run `dvc gc --cloud` there": unreached,
    }
    return tuple(text for text, holds in told.items() if holds)


def _versions(numbers: Iterable[int]) -> str:
    return ", ".join(f"v{number}" for number in sorted(numbers))
