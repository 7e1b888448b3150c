"""What a backup holds: every file with its SHA-256, which release made it, and where the ledger stood."""

import shutil
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator

from data.stores.atomic import write_text
from data.stores.copying import sha256_of
from settings.config import Config
from settings.errors import RegraftError

NAME = "backup.json"
PREVIOUS = ".previous"  # what the backup before is called while the new one takes its place
DATABASES = "databases"


class BackupError(RegraftError, ValueError):
    """A folder that is no backup, or not what was written."""


class Manifest(Config):
    """What stands in a backup's own file; without it there is no backup."""

    form: Literal[1] = 1
    project: str = Field(description="identity of the project")
    release: str = Field(description="of Regraft, that made it")
    made: str = Field(description="when, in UTC")
    root: str = Field(description="where the project lay: MLflow's addresses begin with it")
    schemas: dict[str, str] = Field(description="revision of each database's tables")
    heads: dict[str, str] = Field(description="sequence and hash of each domain's last row in the ledger")
    settings: dict[str, str] = Field(description="of the machine, without secrets")
    elsewhere: tuple[str, ...] = Field(description="what is no part of it, and what to do about that")
    files: dict[str, str] = Field(description="SHA-256 of every file, by its place")

    @field_validator("files")
    @classmethod
    def _stay_inside(cls, files: dict[str, str]) -> dict[str, str]:
        for name in files:
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise ValueError(f"{name!r} leads out of the folder")
        return files


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes it, last of all."""
    write_text(folder / NAME, manifest.model_dump_json(indent=1))


def read_manifest(folder: Path) -> Manifest:
    """What a backup says that it holds.

    Raises:
        BackupError: there is no backup, or its manifest is not what was written.
    """
    try:
        return Manifest.model_validate_json((folder / NAME).read_bytes())
    except OSError as error:
        raise BackupError(f"{folder} is no backup (it has no {NAME}); name a folder of `regraft backup`") from error
    except ValidationError as error:
        fault = error.errors()[0]
        said = f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}"
        raise BackupError(f"{folder / NAME} is damaged, or of a later release ({said}); use another backup") from error


def settle(folder: Path) -> None:
    """Ends what a killed backup had begun: the one before it is there again, or is gone once the new one is there."""
    previous = folder.with_name(folder.name + PREVIOUS)
    if not (previous / NAME).exists():
        return
    if (folder / NAME).exists():
        shutil.rmtree(previous)
    elif not folder.exists() or not any(folder.iterdir()):
        previous.rename(folder)


def verify(folder: Path, manifest: Manifest) -> None:
    """Checks that every file is what was written.

    Raises:
        BackupError: one is missing or was altered.
    """
    for name, known in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise BackupError(f"{path} is missing from the backup; nothing was restored, use another backup")
        if sha256_of(path) != known:
            raise BackupError(
                f"{path} is not what was written (its SHA-256 differs); nothing was restored, use another"
            )
