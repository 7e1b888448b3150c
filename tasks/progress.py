"""Progress of a long task: a bar in the terminal and an artifact in the Prefect UI."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

INTERVAL = 1.0


@contextmanager
def task_progress(description: str) -> Iterator[Callable[[int, int], None]]:
    """Yields a function of (done, total); the artifact is made at its first call and updated once a second."""
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        yield _Reporter(bar, description)


class _Reporter:
    """Passes progress on to the bar at once and to Prefect at intervals."""

    def __init__(self, bar: Progress, description: str) -> None:
        self.bar, self.description, self.told = bar, description, 0.0
        self.shown = bar.add_task(description, total=None)
        self.artifact: UUID | None = None

    def __call__(self, done: int, total: int) -> None:
        self.bar.update(self.shown, completed=done, total=total)
        share = 100.0 * done / max(total, 1)
        if self.artifact is None:
            key = artifact_key(self.description)
            self.artifact = cast(UUID, create_progress_artifact(share, key=key, description=self.description))
        elif done >= total or time.monotonic() - self.told > INTERVAL:
            update_progress_artifact(self.artifact, share)
        else:
            return
        self.told = time.monotonic()


def artifact_key(*words: str) -> str:
    """A key as Prefect takes it: small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")
