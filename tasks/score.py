"""The scoring task: files through the champion's package, predictions into the log."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from prefect import task

from registry.errors import ModelNotFoundError
from registry.store.models import ModelVersion, champion
from serving.score.files import Destination, score_files
from serving.score.report import ScoreReport
from serving.score.sources import INPUT, files_in, require_there
from tasks.policy import COMPUTE
from tasks.progress import task_progress


@task(name="score", task_run_name="score {to.domain}", **COMPUTE)
def score(names: Sequence[str], to: Destination) -> ScoreReport:
    """Scores what is named, see `files_in`, with the champion of the domain whose traffic it is.

    Raises:
        ServingError: a path does not exist, or no file is there.
        ModelNotFoundError: nothing was ever promoted.
    """
    found = served(to.domain)
    require_there(names)
    with _progress(names, to.domain) as progress:
        return score_files(found.load(), found.version, files_in(names), to=to, progress=progress)


def served(domain: str) -> ModelVersion:
    """The version that scores.

    Raises:
        ModelNotFoundError: nothing was ever promoted.
    """
    found = champion(domain)
    if found is None:
        raise ModelNotFoundError(f"{domain!r} has no champion yet; run `regraft retrain {domain}` first")
    return found


@contextmanager
def _progress(names: Sequence[str], domain: str) -> Iterator[Callable[[int], None]]:
    """How many of all are done; what comes from standard input cannot be counted before."""
    if INPUT in names:
        yield lambda done: None
        return
    total = sum(1 for _ in files_in(names))
    with task_progress(f"score {domain}") as report:
        yield lambda done: report(done, total)
