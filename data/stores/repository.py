"""The Git repository that DVC needs around a project."""

import subprocess
from pathlib import Path

from settings.errors import ConfigError


def ensure_git(folder: Path) -> None:
    """Makes a folder a repository, unless it lies in one.

    Raises:
        ConfigError: git is missing, or refuses.
    """
    try:
        inside = subprocess.run(["git", "rev-parse"], cwd=folder, capture_output=True, check=False).returncode == 0
        if not inside:
            subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ConfigError(f"git init in {folder}: {error}; install git, then run `git init` there") from error
