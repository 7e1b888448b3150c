"""The scoring task: files through the champion's package, predictions into the log."""

from collections.abc import Sequence
from pathlib import Path

from prefect import task

from registry.errors import ModelNotFoundError
from registry.store.models import champion
from serving.files import files_below
from serving.score import Destination, score_files
from serving.score_report import ScoreReport
from tasks.policy import COMPUTE
from tasks.progress import task_progress


@task(name="score", task_run_name="score {to.domain}", **COMPUTE)
def score(paths: Sequence[Path], to: Destination) -> ScoreReport:
    """Scores files, or folders of them, with the champion of the domain whose traffic they are.

    Raises:
        ServingError: a path does not exist, or no file is there.
        ModelNotFoundError: nothing was ever promoted.
    """
    name = to.domain
    found = champion(name)
    if found is None:
        raise ModelNotFoundError(f"{name!r} has no champion yet; run `regraft retrain {name}` first")
    files = files_below(paths)
    with task_progress(f"score {name}") as progress:
        return score_files(found.load(), found.version, files, to=to, progress=progress)
