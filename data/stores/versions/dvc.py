"""DVC's command line: run, its lock held, its files read."""

import logging
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.errors import LockedError, RefusedError, VersioningError
from settings.entry import REFUSED
from settings.errors import ConfigError
from settings.yaml_files import read_yaml

log = logging.getLogger(__name__)
BUSY = "is busy, it is being blocked by"  # DVC's words, where another DVC works on the same files
DVC_FILES = ("dvc.yaml", "dvc.lock", "params.yaml")
STAGE_LINE = re.compile(r"Running stage|(validate|preprocess) \S+: ")


def mapping(path: Path) -> dict[str, Any]:
    """What a YAML file holds; empty where there is none.

    Raises:
        ConfigError: it is no YAML, or no mapping.
    """
    content = (read_yaml(path) if path.exists() else None) or {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: holds {str(content)[:60]!r} where keys should be; restore the file from Git")
    return content


@contextmanager
def held(root: Path) -> Iterator[None]:
    """Holds DVC's own lock, which its commands wait for."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo, repo.lock:
            yield
    except DvcException as error:
        raise VersioningError(f"DVC is busy or cannot read {root} ({error}); try again when it is through") from error


def dvc(root: Path, *arguments: str) -> str:
    """Standard output of a DVC command; its lines go to the log while it runs.

    The stages call `python`, so this interpreter's folder comes first in their PATH.
    """
    for file in DVC_FILES:
        mapping(root / file)  # DVC's own words for a broken one are a number
    command = [sys.executable, "-m", "dvc", "--cd", str(root), "--wait-for-lock", *arguments]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", "REGRAFT_ROOT": str(root)}
    lines: deque[str] = deque(maxlen=200)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=root
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            # The stages' own lines tell of progress; DVC's advice about Git and remotes does not.
            log.log(logging.INFO if STAGE_LINE.match(line) else logging.DEBUG, "%s", line.rstrip())
    if process.returncode and any(BUSY in line for line in lines):
        raise LockedError(f"{_fault(list(lines), arguments)}; wait for it to end, then try again")
    if process.returncode:
        # DVC ends with a code of its own and tells the stage's.
        refused = any(line.endswith(f"exited with {REFUSED}") for line in lines)
        raise (RefusedError if refused else VersioningError)(_fault(list(lines), arguments))
    return "\n".join(lines)


def _fault(lines: list[str], arguments: tuple[str, ...]) -> str:
    """The stage's own error line, else DVC's."""
    own = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    errors = own or [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")] or lines[-1:]
    return errors[0] if errors else f"`dvc {' '.join(arguments)}` failed without a word; run it by hand"
