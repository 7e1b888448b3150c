"""Remove: all data of a domain leave the project; its source's own files and the data of other domains stay."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from data.errors import StorageError
from data.stages.preprocess import read_index
from data.stores.features import drop_samples
from data.stores.manifest import processed_folder, raw_manifest_path, read_table, validated_folder
from data.stores.versions.erasing import erase_versions
from data.stores.versions.stages import strike
from data.stores.versions.stamps import forget


@dataclass(frozen=True)
class Place:
    """Where one domain's files lie: the project's root, its home folder and the name."""

    root: Path
    home: Path
    name: str


def folders_of(place: Place) -> list[Path]:
    """Everything below data/ and the home folder that is this domain's alone, as far as it is there."""
    data, name = place.root / "data", place.name
    rooms = ("reports", "fits", "sweeps", "evaluations", "predictions", "packages")
    known = [
        *(data / "restored").glob(f"{name}-{'[0-9a-f]' * 32}"),
        *(place.home / room / name for room in rooms),
        data / "feedback" / name,
        validated_folder(place.root, name),
        processed_folder(place.root, name),
        raw_manifest_path(place.root, name).parent,
    ]
    return [path for path in known if path.exists()]


def remove_data(place: Place, others: list[str]) -> list[str]:
    """Deletes a domain's dataset versions, cached features, folders and stages; called again it goes on.

    What samples share with other domains stays for these. Raw data, by which the samples are known, go last.

    Returns:
        The DVC remotes that are out of reach and were left alone.

    Raises:
        StorageError: the disk refused.
        VersioningError: DVC does not say where its cache and remotes are, or does not let go of its lock.
    """
    samples = _samples(place.root, place.name).difference(*(_samples(place.root, other) for other in others))
    unreached = erase_versions(place.root, samples)[1] if samples else []
    drop_samples(place.home / "cache" / "features", samples)
    strike(place.root, place.name)
    forget(place.root, place.name)
    for folder in folders_of(place):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise StorageError(
                f"{folder} cannot be deleted: {error.strerror}; mend its rights and remove again"
            ) from error
    return unreached


def _samples(root: Path, name: str) -> set[str]:
    """Hashes of all samples that a domain has, or had."""
    raw, index = raw_manifest_path(root, name), processed_folder(root, name) / "index.parquet"
    known = set(read_table(raw)["hash"].dropna()) if raw.exists() else set()
    return known | (set(read_index(index.parent)["hash"]) if index.exists() else set())
