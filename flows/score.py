"""Score: files through the champion."""

from pathlib import Path

from prefect import flow

from serving.score_report import ScoreReport
from tasks.domain import load_domain
from tasks.score import score as score_files


@flow(name="score", flow_run_name="score {domain}")
def score(domain: str, paths: list[str]) -> ScoreReport:
    """Scores files and logs predictions and embeddings."""
    return score_files(load_domain(domain).name, [Path(path) for path in paths])
