"""A new project: the files that DVC and Regraft look for, in any folder."""

from importlib.resources import files
from pathlib import Path

from data.stores.atomic import write_text
from data.stores.repository import ensure_git
from settings.errors import ConfigError

FILES = {
    "dvc.yaml.template": "dvc.yaml",
    "params.yaml.template": "params.yaml",
    "dvcignore.template": ".dvcignore",
    "dvc-config.template": ".dvc/config",
}
IGNORED = "gitignore.template"


def init_project(folder: Path) -> list[Path]:
    """Makes a folder a project, with a Git repository where it is in none; returns the files that were written.

    An existing .gitignore gets the lines that it lacks. What an interrupted call left half done is completed.

    Raises:
        ConfigError: one of the files is there already, or git is missing.
        StorageError: the folder cannot be written.
    """
    there = [name for name in FILES.values() if (folder / name).exists()]
    foreign = [name for template, name in FILES.items() if name in there and not _is(folder / name, template)]
    if foreign or len(there) == len(FILES):  # all of them: the last one ended the call that wrote them
        raise ConfigError(
            f"{folder / [*foreign, *there][0]} exists already; choose an empty folder, or go on in this project"
        )
    _ignore(folder / ".gitignore")
    ensure_git(folder)
    (folder / "domains").mkdir(exist_ok=True)
    for template, name in FILES.items():
        write_text(folder / name, _template(template))
    return [*(folder / name for name in FILES.values()), folder / ".gitignore", folder / "domains"]


def _is(path: Path, template: str) -> bool:
    """Whether a file is as the template has it."""
    return path.is_file() and path.read_bytes() == _template(template).encode()


def _template(name: str) -> str:
    return files("flows.project").joinpath(name).read_text(encoding="utf-8")


def _ignore(path: Path) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    lacking = [line for line in _template(IGNORED).splitlines() if line not in before.splitlines()]
    write_text(path, "\n".join([*before.splitlines(), *lacking, ""]))
