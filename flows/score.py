"""Score: files through the champion."""

from pathlib import Path

from prefect import flow

from serving.score import Destination
from serving.score_report import ScoreReport
from tasks.domain import load_domain
from tasks.score import score as score_files


@flow(name="score", flow_run_name="score {domain}")
def score(domain: str, paths: list[str], output: str = "", log: bool = True) -> ScoreReport:
    """Scores files, or folders of them; predictions go to the log, where they count as traffic, and to a table."""
    to = Destination(load_domain(domain).name, log=log, table=Path(output) if output else None)
    return score_files([Path(path) for path in paths], to)
