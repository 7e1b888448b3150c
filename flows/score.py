"""Score: files through the champion."""

from pathlib import Path

from prefect import flow

from serving.score.files import Destination
from serving.score.report import ScoreReport
from tasks.domain import load_domain
from tasks.leaving.upkeep import tend_log
from tasks.score import score as score_files


@flow(name="score", flow_run_name="score {domain}")
def score(domain: str, paths: list[str], output: str = "", log: bool = True) -> ScoreReport:
    """Scores files and what names them; predictions go to the log, where they count as traffic, and to a table.

    Args:
        domain: Name of the file below domains/.
        paths: Few: folders, patterns and tables stand for any number of files.
        output: CSV or Parquet file for the table.
        log: Whether the predictions count as traffic.
    """
    found = load_domain(domain)
    to = Destination(found.name, log, Path(output) if output else None, found.serving.abstain_below)
    report = score_files(paths, to)
    tend_log(domain)
    return report
