"""The tasks that erase samples on request, and say what cannot be changed any more."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from prefect import task

from data.stages.forget import Samples, erase_data, still_there
from data.stages.forget import find_samples as find
from data.stores.manifest import read_table
from data.stores.versioning import erase_versions
from registry.store.production import versions_that_learned
from serving.prediction_log import erase
from tasks.domain import Domain
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
    """The samples that were asked for by hash, path or group."""
    return find(domain.root, domain.name, hashes, keys)


@task(name="erase data", task_run_name="erase from the data of {domain.name}", **IO)
def erase_samples(domain: Domain, samples: Samples) -> None:
    """Takes them out of the data; the stages that follow make the rest anew."""
    erase_data(domain.root, domain.name, samples, domain.home)


@task(name="erase records", task_run_name="erase from the records of {domain.name}", **IO)
def erase_records(domain: Domain, samples: Samples) -> Forgotten:
    """Takes them out of old dataset versions, the prediction log, and pages and files that are made anew anyhow."""
    versions, unreached = erase_versions(domain.root, samples.hashes)
    rows = erase(domain.name, samples.hashes)
    for room in ("reports", "fits", "sweeps"):
        shutil.rmtree(domain.home / room / domain.name, ignore_errors=True)
    for path in (domain.home / "evaluations" / domain.name).glob("*.parquet"):
        if not samples.hashes.isdisjoint(read_table(path)["hash"]):
            path.unlink()
    remains = _remains(domain, samples, unreached)
    return Forgotten(domain.name, len(samples.hashes), rows, tuple(versions), remains)


def _remains(domain: Domain, samples: Samples, unreached: Sequence[str]) -> tuple[str, ...]:
    """What a person has to do or to know."""
    there = still_there(domain.root, domain.name, domain.data, samples)
    learned = versions_that_learned(domain.name, samples.hashes)
    told = {
        f"the source's own files, which Regraft never touches: {', '.join(there)}": there,
        f"versions that learned from them, weights and all: {', '.join(f'v{one}' for one in learned)}; retrain, then "
        "delete them in MLflow": learned,
        "pictures and predictions in MLflow's runs of those versions": learned,
        f"DVC remotes out of reach: {', '.join(unreached)}; run `dvc gc --cloud` there": unreached,
    }
    return tuple(text for text, holds in told.items() if holds)
